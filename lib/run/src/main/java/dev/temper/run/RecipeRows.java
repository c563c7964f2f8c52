package dev.temper.run;

import dev.temper.recipe.Recipe;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.rows.MappedRows;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The prepared rows of a recipe as a worker has them: in mapped files of its machine, not on the heap. */
public final class RecipeRows implements Closeable {
    private final Map<Split, MappedRows> splits = new EnumMap<>(Split.class);

    private RecipeRows() {}

    /** @param localDir where the files go */
    public static RecipeRows read(Folder prepared, Path localDir) throws IOException {
        return read(prepared, localDir, EnumSet.allOf(Split.class));
    }

    /** Those to evaluate on alone. */
    static RecipeRows readEvaluated(Folder prepared, Path localDir) throws IOException {
        return read(prepared, localDir, EnumSet.of(Split.EVAL));
    }

    private static RecipeRows read(Folder prepared, Path localDir, Set<Split> wanted) throws IOException {
        RecipeRows rows = new RecipeRows();
        try (MappedRows.Writer train = new MappedRows.Writer(localDir, PreparedData.mappedBytes(prepared, wanted));
                MappedRows.Writer eval = new MappedRows.Writer(localDir, 0)) {
            PreparedData.read(prepared, row -> {
                if (wanted.contains(row.split())) {
                    (row.split() == Split.TRAIN ? train : eval).add(row.tokens(), row.label());
                }
            });
            rows.splits.put(Split.TRAIN, train.finish());
            rows.splits.put(Split.EVAL, eval.finish());
        }
        return rows;
    }

    /** As the recipe's model learns them. */
    public TrainingRows of(Recipe recipe) {
        return recipe.model()
                .objective()
                .rows(splits.get(Split.TRAIN), splits.get(Split.EVAL), recipe.data(), recipe.training());
    }

    /** Those to evaluate on. */
    List<TokenRow> evaluated() {
        return splits.get(Split.EVAL);
    }

    /** How large the files are. */
    long bytes() {
        return splits.values().stream().mapToLong(MappedRows::bytes).sum();
    }

    /** No row may be asked for any more. */
    @Override
    public void close() {
        splits.values().forEach(MappedRows::close);
    }
}
