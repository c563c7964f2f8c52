package dev.temper.ml;

import dev.temper.recipe.Recipe;
import dev.temper.spark.ClassifyText;
import dev.temper.spark.GenerateText;
import dev.temper.spark.ModelStage;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What a model answers rows of a DataFrame with, by its task: the stage that asks it, and the columns that it adds. */
enum Answers {
    TEXT(new StructType().add("generation", DataTypes.StringType)) {
        @Override
        ModelStage<?> stage(Recipe recipe, AskedRows asked) {
            return generate(recipe).setRendered(asked.isRendered());
        }
    },
    CLASS(new StructType()
            .add("prediction", DataTypes.DoubleType)
            .add("predicted_label", DataTypes.StringType)
            .add("probability", SQLDataTypes.VectorType())) {
        @Override
        ModelStage<?> stage(Recipe recipe, AskedRows asked) {
            ClassifyText stage = new ClassifyText()
                    .setMaxLength(recipe.data().maxLength())
                    .setTextPairCol(asked.isPair() ? AskedRows.PAIR : "");
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

    static Answers of(Recipe recipe) {
        return recipe.model().task().isCausal() ? TEXT : CLASS;
    }

    /** Without the folders of base and adapter. */
    abstract ModelStage<?> stage(Recipe recipe, AskedRows asked);

    /** The columns of rows with the answers. */
    StructType appended(StructType schema) {
        StructType all = schema;
        for (var field : columns.fields()) {
            all = all.add(field);
        }
        return all;
    }

    private static GenerateText generate(Recipe recipe) {
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
        return stage;
    }
}
