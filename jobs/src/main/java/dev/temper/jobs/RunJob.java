package dev.temper.jobs;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.run.RunEnvironment;
import dev.temper.run.RunListener;
import dev.temper.run.SparkHandle;
import dev.temper.run.TrainingRun;
import dev.temper.run.output.RunOutput;
import dev.temper.run.output.RunSummary;
import dev.temper.spark.cluster.Interruption;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.SparkSecrets;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** {@code temper run}, and what all commands find around them. */
final class RunJob {
    private RunJob() {}

    static void run(Recipe recipe, List<String> version) throws Exception {
        HadoopStore store = store();
        try (ConsoleProgress console = new ConsoleProgress()) {
            Optional<RunSummary> summary = TrainingRun.train(environment(store, version, console), recipe);
            summary.ifPresent(run -> Console.sayAll(run.text(HadoopStore.resolve(recipe.output()))));
        } catch (Exception e) {
            leaveReason(store.folder(recipe.output()), recipe, e);
            throw e;
        }
    }

    /** In the manifest, where a run has begun: in cluster mode nobody sees how the process ends. */
    private static void leaveReason(Folder output, Recipe recipe, Exception failure) {
        Exit exit = Exit.of(failure);
        int code = Interruption.ofProcess().isAsked() ? Exit.INTERRUPTED : exit.code();
        try {
            RunOutput.of(output).writeManifestEnded(recipe, code, exit.message());
        } catch (IOException | InvalidInputException e) {
            Console.warn("how it ended is not in " + output.location() + ": " + HadoopStore.reason(e));
        }
    }

    /** Reads the rows and looks at all that a run looks at before it trains, and leaves nothing behind. */
    static void check(Recipe recipe, List<String> version) throws Exception {
        try (ConsoleProgress console = new ConsoleProgress()) {
            TrainingRun.check(environment(store(), version, console), recipe);
        }
        Console.say("all checks are passed; without --dry-run this command trains");
    }

    /** Of a command that says things and does not train. */
    static RunEnvironment environment(HadoopStore store) {
        return environment(store, List.of(), new ConsoleProgress());
    }

    private static RunEnvironment environment(HadoopStore store, List<String> version, RunListener listener) {
        return new RunEnvironment(store, recipe -> new SparkHandle(session(recipe), true), version, listener);
    }

    /** Spark's settings for Hadoop count before there is a session, too. */
    static HadoopStore store() {
        Configuration configuration = new Configuration();
        SparkConf conf = new SparkConf();
        SparkSecrets.learn(conf);
        for (Tuple2<String, String> setting : conf.getAll()) {
            if (setting._1().startsWith("spark.hadoop.")) {
                configuration.set(setting._1().substring("spark.hadoop.".length()), setting._2());
            }
        }
        return new HadoopStore(configuration);
    }

    /** The cluster that spark-submit names; without one this machine, with a slot for each worker. */
    private static SparkSession session(Recipe recipe) {
        DriverOptions.verify();
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
        return builder.config("spark.ui.showConsoleProgress", false)
                .config("spark.redaction.regex", SparkSecrets.redaction(conf))
                .getOrCreate();
    }
}
