package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training from a DataFrame, and what comes of it. */
@Tag("spark")
final class SupervisedFineTuningTest {
    private final SparkSession spark = Quickstart.session();

    @TempDir
    private Path folder;

    @Test
    void fewLinesTrainScoreSaveAndLoad() throws Exception {
        Quickstart.rows(40).write().parquet(folder + "/table");

        Dataset<Row> rows = spark.sql("SELECT prompt, completion, length(prompt) % 5 = 0 AS held_out FROM parquet.`"
                + folder + "/table` WHERE completion IS NOT NULL");
        FineTunedModel model = new SupervisedFineTuning()
                .setRecipe("model: {base: " + Quickstart.BASE + "}\nadapter: {r: 2}\ngeneration: {max_new_tokens: 4}")
                .setLearningRate(2e-3)
                .setMaxSteps(3)
                .setValidationIndicatorCol("held_out")
                .setOutput(folder + "/output")
                .fit(rows);
        Dataset<Row> scored = model.transform(rows.filter("held_out").select("prompt"));
        model.write().overwrite().save(folder + "/saved");
        FineTunedModel loaded = FineTunedModel.load(folder + "/saved");

        assertThat(scored.columns()).containsExactly("prompt", "generation");
        assertThat(scored.filter("generation IS NULL").count()).isZero();
        assertThat(model.metrics().get("eval/loss")).isPositive();
        assertThat(loaded.metrics()).isEqualTo(model.metrics());
        assertThat(loaded.uid()).isEqualTo(model.uid());
        assertThat(Path.of(loaded.folder())).isEqualTo(folder.resolve("saved/adapter"));
        assertThat(folder.resolve("saved/adapter/adapter_config.json")).exists();
        assertThat(folder.resolve("saved/prepared")).doesNotExist();
        assertThat(Path.of(model.report())).exists();
        assertThat(loaded.transform(rows.filter("held_out").select("prompt")).collectAsList())
                .isEqualTo(scored.collectAsList());
        assertThatThrownBy(() -> loaded.write().overwrite().save(folder + "/saved"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("lie one in the other: name another folder to save it in");
        assertThat(loaded.evaluate(rows.filter("held_out")).get("eval/loss"))
                .isEqualTo(model.metrics().get("eval/loss"));
    }

    @Test
    void sameRowsAndParamsAreOneFit() throws Exception {
        Dataset<Row> rows = Quickstart.rows(24);
        SupervisedFineTuning fineTuning = Quickstart.fineTuning(folder);

        FineTunedModel first = fineTuning.fit(rows);
        FineTunedModel again = fineTuning.fit(rows.repartition(3).orderBy(functions.rand(7)));
        FineTunedModel others = fineTuning.fit(Quickstart.rows(23));
        FineTunedModel rate = fineTuning.fit(rows, fineTuning.learningRate().w(1e-3));

        assertThat(again.folder()).isEqualTo(first.folder());
        assertThat(List.of(others.folder(), rate.folder())).doesNotContain(first.folder());
        assertThat(others.folder()).isNotEqualTo(rate.folder());
        FineTunedModel elsewhere = fineTuning.setOutput(folder + "/elsewhere").fit(rows);
        assertThat(Files.readAllBytes(Path.of(elsewhere.folder(), "adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(Path.of(first.folder(), "adapter_model.safetensors")));
    }

    @Test
    void fullFineTuningOfAClassifierInAPipeline() throws Exception {
        Dataset<Row> rows = Quickstart.rows(24)
                .select(
                        functions.col("prompt"),
                        functions
                                .when(functions.length(functions.col("prompt")).gt(25), "long")
                                .otherwise("short")
                                .as("kind"));
        SupervisedFineTuning fineTuning = Quickstart.fineTuning(folder)
                .setTask("sequence_classification")
                .setLabels("short", "long")
                .setFormat("classification")
                .setColumns(Map.of("text", "prompt", "label", "kind"))
                .setRecipe("{}");
        fineTuning.clear(fineTuning.r());

        PipelineModel pipeline =
                new Pipeline().setStages(new PipelineStage[] {fineTuning}).fit(rows);
        Dataset<Row> scored = pipeline.transform(rows);

        assertThat(scored.columns()).containsExactly("prompt", "kind", "prediction", "predicted_label", "probability");
        assertThat(scored.filter("predicted_label IN ('short', 'long')").count())
                .isEqualTo(24);
        pipeline.write().overwrite().save(folder + "/pipeline");
        assertThat(PipelineModel.load(folder + "/pipeline").transform(rows).collectAsList())
                .isEqualTo(scored.collectAsList());
        FineTunedModel model = (FineTunedModel) pipeline.stages()[0];
        assertThat(model.folder()).endsWith("/model");
        assertThat(model.evaluate(rows)).containsKeys("eval/loss", "eval/accuracy", "eval/f1_macro");
    }

    @Test
    void anEstimatorIsSavedWithItsParams() throws Exception {
        SupervisedFineTuning fineTuning =
                Quickstart.fineTuning(folder).setLabels("a", "b").setWorkers(2);

        fineTuning.write().overwrite().save(folder + "/estimator");

        SupervisedFineTuning loaded = SupervisedFineTuning.load(folder + "/estimator");
        assertThat(loaded.explainParams()).isEqualTo(fineTuning.explainParams());
        assertThat(loaded.extractParamMap().get(loaded.learningRate()).get()).isEqualTo(2e-3);
        assertThat(loaded.copy(new ParamMap().put(loaded.r().w(4)))
                        .extractParamMap()
                        .get(loaded.r())
                        .get())
                .isEqualTo(4);
        assertThat(loaded.getOrDefault(loaded.batchSize())).isEqualTo(8);
    }
}
