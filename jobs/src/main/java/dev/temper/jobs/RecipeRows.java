package dev.temper.jobs;

import dev.temper.spark.PreparedData;
import dev.temper.spark.PreparedRow;
import dev.temper.spark.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.TokenRow;
import dev.temper.train.CausalRows;
import dev.temper.train.ClassifiedRows;
import dev.temper.train.TrainingRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The prepared rows of a recipe as a worker keeps them in memory. */
final class RecipeRows {
    private final List<Row> train = new ArrayList<>();
    private final List<Row> eval = new ArrayList<>();

    /** No more of a row than is learned from it: there may be millions. */
    private record Row(TokenRow tokens, OptionalInt label) {
        static Row of(PreparedRow row) {
            return new Row(row.tokens(), row.label());
        }
    }

    private RecipeRows() {}

    static RecipeRows read(Folder prepared) throws IOException {
        RecipeRows rows = new RecipeRows();
        PreparedData.read(prepared, row -> (row.split() == Split.TRAIN ? rows.train : rows.eval).add(Row.of(row)));
        return rows;
    }

    /** Those to evaluate on alone. */
    static RecipeRows readEvaluated(Folder prepared) throws IOException {
        RecipeRows rows = new RecipeRows();
        PreparedData.read(prepared, row -> {
            if (row.split() == Split.EVAL) {
                rows.eval.add(Row.of(row));
            }
        });
        return rows;
    }

    /** As the recipe's model learns them. */
    TrainingRows of(Recipe recipe) {
        DataConfig data = recipe.data();
        return recipe.model().isClassifier()
                ? ClassifiedRows.of(
                        classified(train), classified(eval), recipe.model().labels(), recipe.training())
                : CausalRows.packed(tokens(train), tokens(eval), data.packing(), data.maxLength());
    }

    /** Those to evaluate on. */
    List<TokenRow> evaluated() {
        return tokens(eval);
    }

    private static List<TokenRow> tokens(List<Row> rows) {
        return rows.stream().map(Row::tokens).toList();
    }

    private static List<ClassifiedRows.Row> classified(List<Row> rows) {
        return rows.stream()
                .map(row -> new ClassifiedRows.Row(
                        row.tokens().inputIds(), row.label().orElseThrow()))
                .toList();
    }
}
