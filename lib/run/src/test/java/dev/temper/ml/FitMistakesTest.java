package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Function1;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/** One sentence for each mistake, and nothing left behind. */
@Tag("spark")
final class FitMistakesTest {
    private final SparkSession spark = Quickstart.session();
    private final Dataset<Row> rows = Quickstart.rows(20);

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() throws Exception {
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void columns() {
        refuses(rows.drop("completion"), "data: dataframe train has no column completion; it has prompt");
        refuses(
                rows.withColumnRenamed("prompt", "prompts"),
                "data: dataframe train has no column prompt (prompts?); it has prompts, completion");
        refuses(rows.selectExpr("1.5D AS prompt", "completion"), "data: dataframe train: column prompt");
        refuses(
                rows.selectExpr("prompt", "completion", "completion"),
                "data: dataframe train has two columns completion: rename one");
        assertThatThrownBy(() ->
                        fineTuning().transformSchema(rows.drop("completion").schema()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("data: dataframe train has no column completion; it has prompt");
        assertThat(fineTuning().transformSchema(rows.schema()).fieldNames())
                .containsExactly("prompt", "completion", "generation");
    }

    @Test
    void rowsToEvaluateOn() {
        Dataset<Row> marked = rows.selectExpr("*", "false AS held_out", "1 AS number");
        assertThatThrownBy(
                        () -> fineTuning().setValidationIndicatorCol("heldout").fit(marked))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("validationIndicatorCol: the DataFrame has no column heldout (held_out?); it has prompt,"
                        + " completion, held_out, number");
        assertThatThrownBy(
                        () -> fineTuning().setValidationIndicatorCol("number").fit(marked))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("validationIndicatorCol: column number is of the type int; it must be boolean, true in the"
                        + " rows to evaluate on");
        assertThatThrownBy(
                        () -> fineTuning().setValidationIndicatorCol("held_out").fit(marked))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("no row of the DataFrame has true as its validationIndicatorCol");
    }

    @Test
    void rowsThatCannotBeTrainedOn() {
        refuses(rows.limit(0), "the DataFrame has no rows to train on");
        refuses(
                spark.readStream().format("rate").load().selectExpr("'a' AS prompt", "'b' AS completion"),
                "the DataFrame is a stream, which has no end: write it to a table, and fit that");
        assertThatThrownBy(() -> fineTuning().fit(rows.selectExpr("raise_error('off') AS prompt", "completion")))
                .isInstanceOf(FailedRunException.class)
                .hasMessage("the DataFrame could not be read: off (RuntimeException)");
    }

    @Test
    void params() {
        refuses(fineTuning().setLearningRate(-1), "training.learning_rate must be positive, got -1.0");
        refuses(fineTuning().setR(0), "adapter.r must be");
        assertThatThrownBy(() -> fineTuning().setOptim("adamx"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("training.optim must be adamw");
        refuses(fineTuning().setKey("training.warmup_ratio", 2), "training.warmup_ratio must be in [0, 1], got 2.0");
        refuses(fineTuning().setKey("data.max_length", 1), "data.max_length must be at least 2 tokens, got 1");
        SupervisedFineTuning given = fineTuning();
        given.set(given.learningRate(), -2.0); // as grids set it
        refuses(given, "training.learning_rate must be positive, got -2.0");
        SupervisedFineTuning wrong = fineTuning();
        wrong.set("warmupRatio", "much");
        refuses(wrong, "training.warmup_ratio must be a number, got 'much'");
        refuses(new SupervisedFineTuning("s").setOutput(folder + "/o"), "s: base is not set");
        refuses(new SupervisedFineTuning("s").setBase("b"), "s: output is not set");
        refuses(fineTuning().setRecipe("data: {train: x.csv}"), "data.train is what fit is given");
        refuses(fineTuning().setBase(folder + "/none"), "model.base: " + folder + "/none does not exist");
        assertThatThrownBy(() -> fineTuning().setRecipe("training: {learning_rat"))
                .isInstanceOf(InvalidInputException.class);
        refuses(fineTuning().setRecipe("training: {learning_rat: 1}"), "training.learning_rat");
    }

    @Test
    void tablesToEvaluateOn() {
        refuses(
                fineTuning().setKey("data.eval", Map.of("table", "nowhere.at_all")),
                "data: table nowhere.at_all cannot be opened: The table or view `nowhere`.`at_all` cannot be found");
        refuses(
                fineTuning().setKey("data.eval", "{sql: SELEC prompt}"),
                "data: sql cannot be opened: Syntax error at or near 'SELEC'");
        refuses(
                fineTuning().setKey("data.eval", "{sql: DROP TABLE prompts}"),
                "data: sql does more than to read: write a query, such as SELECT …");
        refuses(
                fineTuning().setKey("data.eval", "{format: no_such, location: /x}"),
                "data: no_such /x cannot be opened: ");
        refuses(
                fineTuning().setKey("data.eval", "{sql: \"SELECT 'a' AS prompt\"}"),
                "data: sql has no column completion; it has prompt");
    }

    @Test
    void places() {
        refuses(fineTuning().setWorkers(3), "cluster.workers: 3 workers train side by side and need a slot each");
        assertThat(said()).contains("fit begins tasks of its own and cannot run inside one: call it on the driver");
        assertThat(saidInABarrier())
                .contains("fit begins tasks of its own and cannot run inside one: call it on the driver");
    }

    private static String saidInABarrier() {
        return JavaSparkContext.fromSparkContext(Quickstart.session().sparkContext())
                .parallelize(List.of(1, 2), 2)
                .rdd()
                .barrier()
                .mapPartitions(
                        (Function1<Iterator<Integer>, Iterator<String>> & Serializable) numbers -> {
                            BarrierTaskContext.get().barrier();
                            return JavaConverters.asScalaIterator(
                                    List.of(refusal()).iterator());
                        },
                        false,
                        ClassTag$.MODULE$.apply(String.class))
                .toJavaRDD()
                .collect()
                .get(0);
    }

    private static String refusal() {
        try {
            new SupervisedFineTuning("s").fit(null);
            return "";
        } catch (InvalidInputException e) {
            return e.getMessage();
        }
    }

    /** What a fit inside a task says. */
    private static String said() {
        return Quickstart.session()
                .range(1)
                .map((MapFunction<Long, String>) number -> refusal(), Encoders.STRING())
                .collectAsList()
                .get(0);
    }

    @Test
    void foldersOfOthers(@TempDir Path stage) throws Exception {
        for (String name : List.of("none", "empty", "others")) {
            Path place = folder.resolve(name);
            if (!name.equals("none")) {
                Files.createDirectory(place);
            }
            if (name.equals("others")) {
                Files.writeString(place.resolve("manifest.json"), "{\"status\": \"finished\"}");
                Files.writeString(place.resolve("run.yaml"), "a: [");
            }
            assertThatThrownBy(() -> FineTunedModel.load(place.toString()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(place + " holds no model of Temper that can be loaded: name a folder that write().save"
                            + " or a finished run has written");
        }
        new SQLTransformer()
                .setStatement("SELECT * FROM __THIS__")
                .write()
                .overwrite()
                .save(stage.toString());
        assertThatThrownBy(() -> FineTunedModel.load(stage.toString()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(stage + " holds no model of Temper that can be loaded");
        Files.delete(folder.resolve("others/manifest.json"));
        Files.delete(folder.resolve("others/run.yaml"));
        Files.delete(folder.resolve("others"));
        Files.delete(folder.resolve("empty"));
        assertThatThrownBy(() -> new FineTuningEvaluator("e").evaluate(rows))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("e: these rows do not say which model they went through");
    }

    private SupervisedFineTuning fineTuning() {
        return Quickstart.fineTuning(folder.resolve("output"));
    }

    private void refuses(Dataset<Row> given, String message) {
        assertThatThrownBy(() -> fineTuning().fit(given))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message);
    }

    private void refuses(SupervisedFineTuning fineTuning, String message) {
        assertThatThrownBy(() -> fineTuning.fit(rows))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }
}
