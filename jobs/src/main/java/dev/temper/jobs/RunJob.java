package dev.temper.jobs;

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
        try (SparkSession spark = session()) {
            run(spark, output);
        } catch (InvalidInputException e) {
            output.undo();
            throw e;
        }
    }

    private void run(SparkSession spark, RunOutput output) throws IOException {
        Folder folder = output.folder();
        HadoopStore store = HadoopStore.of(spark);
        Folder prepared = recipe.data().prepared().map(store::folder).orElseGet(() -> folder.child("prepared"));
        PreparedData data = PreparedData.prepare(
                spark, recipe.data(), recipe.training().seed(), recipe.model().base(), prepared);
        say("%s%s", data.rows(), data.reused() ? ", prepared before" : "");
        output.writeRecipe(recipe);
        output.writeManifest(RunSummary.begun(recipe, data, version));
        output.writeRejected(data.rejected());

        TrainWorker worker =
                new TrainWorker(store, recipe.portable(), data.folder().location());
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
    private SparkSession session() {
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
