package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Check;
import dev.temper.plan.GivenMemory;
import dev.temper.plan.MemoryAdvice;
import dev.temper.plan.MemoryPlan;
import dev.temper.plan.PlanTable;
import dev.temper.plan.UpdateTime;
import dev.temper.recipe.ChosenPrecision;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.run.AdapterMerge;
import dev.temper.run.EvaluationRun;
import dev.temper.run.PreparationRun;
import dev.temper.run.RunChecks;
import dev.temper.run.RunEnvironment;
import dev.temper.run.RunListener;
import dev.temper.run.SparkHandle;
import dev.temper.run.TrainingRun;
import dev.temper.run.draft.RecipeRequest;
import dev.temper.run.draft.RecipeSuggestion;
import dev.temper.run.output.DataSummary;
import dev.temper.run.output.RunOutput;
import dev.temper.run.output.RunSummary;
import dev.temper.run.output.Scores;
import dev.temper.run.preview.Preview;
import dev.temper.run.preview.PreviewRun;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.SparkSecrets;
import dev.temper.storage.Folder;
import dev.temper.track.Terminal;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.launcher.JavaModuleOptions;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** What the commands do with what the command line says: they call one object of the library and print its answer. */
final class Jobs {
    private Jobs() {}

    /** {@code temper run}: trains, and says what came of it. */
    static void run(Recipe recipe, List<String> version) throws Exception {
        try (ConsoleProgress console = new ConsoleProgress()) {
            Optional<RunSummary> summary = TrainingRun.train(environment(store(), version, console), recipe);
            summary.ifPresent(run -> Console.sayAll(run.text(HadoopStore.resolve(recipe.output()))));
        }
    }

    /** Reads the rows and looks at all that a run looks at before it trains, and leaves nothing behind. */
    static void check(Recipe recipe, List<String> version) throws Exception {
        try (ConsoleProgress console = new ConsoleProgress()) {
            TrainingRun.check(environment(store(), version, console), recipe);
        }
        Console.say("all checks are passed; without --dry-run this command trains");
    }

    /** {@code temper init}. */
    static void init(HadoopStore store, RecipeRequest request) throws IOException {
        Console.say("wrote %s: %s", request.recipe(), RecipeSuggestion.write(store, request));
        Console.say("its comments say why; look at it, then: temper preview %s", request.recipe());
    }

    /** {@code temper prepare}: prints what became of the rows, and where they are. */
    static void prepare(HadoopStore store, Recipe recipe) throws Exception {
        DataSummary rows = PreparationRun.prepare(environment(store), recipe);
        Console.sayAll(rows.text());
        Console.say(
                "prepared    %s%s", rows.data().folder().location(), rows.data().reused() ? ", found there" : "");
    }

    /**
     * {@code temper preview}: prints rows as a run would prepare them, and writes a page with them where one is wanted.
     */
    static void preview(HadoopStore store, PreviewCommand.Request request) throws Exception {
        Preview preview = PreviewRun.show(environment(store), request.recipe(), request.choice());
        if (request.html().isPresent()) {
            try (OutputStream out =
                    store.write(HadoopStore.resolve(request.html().get()))) {
                out.write(preview.html().getBytes(StandardCharsets.UTF_8));
            }
        }
        if (request.json()) {
            Console.say(preview.json().setAll(preview.summary().json()));
        } else {
            // Colours are ours, its texts are made printable.
            System.out.println(Terminal.hasColours() ? preview.colouredText() : preview.text());
        }
    }

    /** {@code temper evaluate}: prints what was measured. */
    static void evaluate(HadoopStore store, EvaluateCommand.Request request) throws Exception {
        EvaluationRun.Evaluated evaluated =
                EvaluationRun.evaluate(environment(store), request.recipe(), request.output());
        Map<String, Double> scores = evaluated.scores();
        PreparedData data = evaluated.data();
        long rows = data.rows().evaluated();
        if (request.json()) {
            ObjectNode json = new ObjectMapper().createObjectNode().put("rows", rows);
            scores.forEach(json.putObject("scores")::put);
            Console.say(json);
        } else {
            Console.sayAll(Scores.table(scores).toString().stripTrailing());
            Console.say("%,d rows", rows);
            Console.say("files: %s", data.files().readFiles(data.rows().evaluated()));
            data.files().leftOutFiles().forEach(files -> Console.say("not read: %s", files));
        }
    }

    /**
     * {@code temper plan}: parameters, memory and time of a run, from config.json alone.
     *
     * @throws dev.temper.check.InvalidInputException after all was printed, when it does not fit
     */
    static void plan(HadoopStore store, PlanCommand.Request request) throws IOException {
        new RecipeLocations(store, request.recipe()).verifyOutput();
        PretrainedModel base = PretrainedModel.read(store, request.recipe());
        List<String> notes = new ArrayList<>(RunChecks.ofWhatIsThere(store, request.recipe(), base));
        notes.addAll(RunChecks.missingData(store, request.recipe()));
        Recipe recipe = ChosenPrecision.here(request.recipe(), base.architecture());
        GivenMemory given = GivenMemory.here(recipe.cluster());
        MemoryPlan plan =
                MemoryPlan.of(base, recipe).withRows(rows(store, recipe)).fitted(given.bytes());
        PlanTable table = new PlanTable(plan, given, Optional.of(UpdateTime.measure(plan, recipe)));
        if (request.json()) {
            ObjectNode json = table.json();
            notes.forEach(json.putArray("notes")::add);
            Console.say(json);
        } else {
            Console.say(
                    "%s, each worker, in %s",
                    recipe.name(), recipe.model().precision().label());
            Console.sayAll(table.text().stripTrailing());
            notes.forEach(note -> Console.say("%s", note));
        }
        MemoryAdvice.checkFits(base, recipe, plan, given);
    }

    /** Of the only data set that lies where the recipe's run would look for one; 0: there is none, or several. */
    private static long rows(HadoopStore store, Recipe recipe) throws IOException {
        Folder output = store.folder(recipe.output());
        Folder prepared = recipe.data().prepared().map(store::folder).orElseGet(() -> output.child(RunOutput.PREPARED));
        return PreparedData.mappedBytesOfOnly(prepared).orElse(0);
    }

    /** {@code temper merge}. */
    static void merge(HadoopStore store, AdapterMerge.Request request) throws Exception {
        AdapterMerge.merge(store, request, new ConsoleProgress());
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
        Check.check(
                Object.class.getModule().isOpen("sun.nio.ch", Jobs.class.getModule()),
                "Spark needs options of this JVM that it was started without, as drivers of standalone clusters are:"
                        + " add to spark-submit --driver-java-options \"%s\", or use temper submit, which does",
                JavaModuleOptions.defaultModuleOptions());
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
