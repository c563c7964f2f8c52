package dev.temper.ml;

import static dev.temper.check.Check.check;

import dev.temper.recipe.Recipe;
import dev.temper.run.RecipeData;
import dev.temper.spark.ClassifyText;
import dev.temper.spark.GenerateText;
import dev.temper.spark.ModelStage;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.TextKind;
import java.io.IOException;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What a model answers rows of a DataFrame with, by its task: the stage that asks it, and the columns that it adds. */
enum Answers {
    TEXT(new StructType().add("generation", DataTypes.StringType)) {
        @Override
        ModelStage<?> stage(Recipe recipe, String folder) throws IOException {
            return generate(recipe, folder);
        }
    },
    CLASS(new StructType()
            .add("prediction", DataTypes.DoubleType)
            .add("predicted_label", DataTypes.StringType)
            .add("probability", SQLDataTypes.VectorType())) {
        @Override
        ModelStage<?> stage(Recipe recipe, String folder) {
            ClassifyText stage = new ClassifyText().setMaxLength(recipe.data().maxLength());
            return recipe.adapter().isPresent()
                    ? stage.setTask(recipe.model().task())
                            .setLabels(recipe.model().head().labels().toArray(String[]::new))
                    : stage;
        }
    };

    @SuppressWarnings("ImmutableEnumChecker") // nobody changes it
    private final StructType columns;

    Answers(StructType columns) {
        this.columns = columns;
    }

    /** @throws dev.temper.check.InvalidInputException when no stage asks such a model */
    static Answers of(Recipe recipe) {
        check(
                !recipe.data().isPair(),
                "a model of pairs of texts answers no DataFrame yet: evaluate measures it, and temper classify asks it");
        return recipe.model().task().isCausal() ? TEXT : CLASS;
    }

    /**
     * Without the folders of base and adapter.
     *
     * @param folder of the model that was trained, with its tokenizer
     */
    abstract ModelStage<?> stage(Recipe recipe, String folder) throws IOException;

    /** The columns of rows with the answers. */
    StructType appended(StructType schema) {
        StructType all = schema;
        for (var field : columns.fields()) {
            all = all.add(field);
        }
        return all;
    }

    private static GenerateText generate(Recipe recipe, String folder) throws IOException {
        var generation = recipe.generation();
        GenerateText stage = new GenerateText()
                .setMaxNewTokens(generation.maxNewTokens())
                .setRepetitionPenalty(generation.repetitionPenalty())
                .setSeed(recipe.training().seed());
        if (generation.doSample()) {
            stage.setDoSample(true)
                    .setTemperature(generation.temperature())
                    .setTopK(generation.topK())
                    .setTopP(generation.topP())
                    .setMinP(generation.minP());
        }
        // with the folder that the chat template was settled in as the base
        Recipe ofTokenizer = recipe.with("model.base", RecipeDefault.json(folder));
        RecipeData data = RecipeData.of(HadoopStore.of(SparkSession.active()), ofTokenizer, RecipeData.today());
        if (data.format().kind() == TextKind.CHAT) {
            stage.setChat(true).setSystem(recipe.data().system().orElse(""));
        }
        return stage;
    }
}
