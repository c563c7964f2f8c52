package dev.temper.jobs;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.spark.BarrierTraining;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** {@code temper run}: all of it, in order. What is wrong with recipe, base or output is found before Spark starts. */
final class RunJob {
    private final Recipe recipe;
    private final List<String> version;

    private RunJob(Recipe recipe, List<String> version) {
        this.recipe = recipe;
        this.version = version;
    }

    static void run(Recipe recipe, List<String> version) throws Exception {
        new RunJob(recipe, version).run();
    }

    private void run() throws Exception {
        check(
                recipe.model().task() == Recipe.Task.CAUSAL_LM,
                "model.task: training a classifier is not built yet; temper prepare and temper preview work");
        HadoopStore store = store();
        Locations locations = new Locations(store, recipe);
        locations.verifyOutput();
        Folder folder = store.folder(recipe.output());
        RunOutput output = RunOutput.of(folder);
        RunOutput.State state = output.state(recipe);
        if (state == RunOutput.State.FINISHED) {
            say("%s holds the finished run of this recipe; nothing to do", folder.location());
            return;
        }
        locations.verifyInput();
        RecipeData rows = RecipeData.of(store, recipe, output.date().orElseGet(RecipeData::today));
        PretrainedModel base =
                PretrainedModel.read(store, HadoopStore.resolve(recipe.model().base()));
        base.verify(recipe);
        output.tryWriting();
        say(
                "%s: %s, %,d parameters, from %s",
                recipe.name(),
                base.architecture().modelType(),
                base.architecture().parameterCount(),
                base.folder().location());
        List<RecipeData.Prompt> prompts = rows.prompts();
        try (SparkSession spark = session(recipe)) {
            run(spark, output, rows, prompts);
        } catch (InvalidInputException e) {
            output.undo();
            throw e;
        }
    }

    private void run(SparkSession spark, RunOutput output, RecipeData rows, List<RecipeData.Prompt> prompts)
            throws IOException {
        Folder folder = output.folder();
        PreparedData data = rows.prepare(spark);
        data.notes().forEach(note -> say("%s", note));
        say("%s%s", data.rows(), data.reused() ? ", prepared before" : "");
        output.writeRecipe(recipe, rows.chat().date());
        output.writeManifest(RunSummary.begun(recipe, data, version));
        output.writeRejected(data);

        TrainWorker worker = new TrainWorker(
                HadoopStore.of(spark), recipe.portable(), data.folder().location(), prompts, rows.ends());
        List<TrainingResult> results;
        try (ConsoleProgress progress = new ConsoleProgress()) {
            results = BarrierTraining.run(spark, recipe.cluster(), worker, progress);
        }
        RunSummary summary = new RunSummary(recipe, data, results);
        output.writeMetrics(summary.metrics());
        if (!summary.samples().isEmpty()) {
            output.writeGenerations(summary.samples());
        }
        ObjectNode manifest = summary.manifest(version);
        output.writeManifestFinished(manifest);
        say("%s", summary.text(folder.location()));
    }

    /** Spark's settings for Hadoop count before there is a session, too. */
    static HadoopStore store() {
        Configuration configuration = new Configuration();
        for (Tuple2<String, String> setting : new SparkConf().getAll()) {
            if (setting._1().startsWith("spark.hadoop.")) {
                configuration.set(setting._1().substring("spark.hadoop.".length()), setting._2());
            }
        }
        return new HadoopStore(configuration);
    }

    /** The cluster that spark-submit names; without one this machine, with a slot for each worker. */
    static SparkSession session(Recipe recipe) {
        SparkConf conf = new SparkConf();
        SparkSession.Builder builder = SparkSession.builder().appName(recipe.name());
        if (!conf.contains("spark.master")) {
            int slots = Math.max(
                    Runtime.getRuntime().availableProcessors(), recipe.cluster().workers());
            builder.master("local[" + slots + "]")
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.driver.bindAddress", "127.0.0.1")
                    .config("spark.sql.shuffle.partitions", slots)
                    .config("spark.ui.enabled", false);
        }
        return builder.config("spark.ui.showConsoleProgress", false).getOrCreate();
    }

    private static void say(String format, Object... arguments) {
        System.out.println(String.format(Locale.ROOT, format, arguments));
    }
}
