package dev.temper.jobs;

import dev.temper.check.InvalidInputException;
import dev.temper.check.Secrets;
import dev.temper.eval.ClassificationReport;
import dev.temper.model.ModelFolder;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.spark.BarrierTraining;
import dev.temper.spark.ClusterCheck;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.Interruption;
import dev.temper.spark.PreparedData;
import dev.temper.spark.SparkSecrets;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.text.SavedTokenizer;
import dev.temper.train.TrainingResult;
import dev.temper.train.Worker;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** {@code temper run}: all of it, in order. What is wrong with recipe, base or output is found before Spark starts. */
final class RunJob {
    private final Recipe recipe;
    private final List<String> version;
    private final Extent extent;
    private final List<String> warnings = new ArrayList<>();
    private final Instant began = Instant.now();

    /** How far it goes. */
    private enum Extent {
        TRAINED,
        CHECKED
    }

    private RunJob(Recipe recipe, List<String> version, Extent extent) {
        this.recipe = recipe;
        this.version = version;
        this.extent = extent;
    }

    static void run(Recipe recipe, List<String> version) throws Exception {
        new RunJob(recipe, version, Extent.TRAINED).run();
    }

    /** Reads the rows and looks at all that a run looks at before it trains, and leaves nothing behind. */
    static void check(Recipe recipe, List<String> version) throws Exception {
        new RunJob(recipe, version, Extent.CHECKED).run();
    }

    private void run() throws Exception {
        HadoopStore store = store();
        Locations locations = new Locations(store, recipe);
        locations.verifyOutput();
        Folder folder = store.folder(recipe.output());
        if (isFinished(folder)) { // looked at before, too: it may be in a place that cannot be written any more
            Lease.tidy(folder);
            return;
        }
        try (OwnFolder own = OwnFolder.take("output", folder)) {
            if (!isFinished(folder)) {
                run(own, locations);
            }
        }
    }

    private boolean isFinished(Folder folder) throws IOException {
        boolean isFinished = RunOutput.of(folder).state(recipe) == RunOutput.State.FINISHED;
        if (isFinished) {
            Console.say("%s holds the finished run of this recipe; nothing to do", folder.location());
        }
        return isFinished;
    }

    private void run(OwnFolder own, Locations locations) throws Exception {
        try {
            begin(own, locations);
        } catch (InvalidInputException e) {
            own.undo();
            throw e;
        } catch (Exception e) {
            own.checkHeld(); // the reason of all that fails after that
            throw e;
        } finally {
            if (extent == Extent.CHECKED) {
                own.folder().delete(RunOutput.TRIAL);
                own.undo();
            }
        }
    }

    private void begin(OwnFolder own, Locations locations) throws Exception {
        HadoopStore store = locations.store();
        own.folder().delete(RunOutput.TRIAL);
        locations.verifyInput();
        PretrainedModel base = PretrainedModel.read(store, recipe);
        MemoryAdvice.checkFits(base, recipe);
        LocalDate today = RunOutput.of(own.folder()).date().orElseGet(RecipeData::today);
        RunChecks.Found found = RunChecks.all(store, recipe, base, today);
        ClusterCheck.verify(new SparkConf(), recipe.cluster().workers());
        Console.say(
                "%s: %s, %,d parameters, from %s",
                recipe.name(),
                base.architecture().modelType(),
                base.architecture().parameterCount(),
                base.folder().location());
        found.notes().forEach(this::warn);
        try (SparkSession spark = session(recipe)) {
            own.cancelsWhenLost(spark);
            own.verifyAmongWorkers(spark, recipe.cluster().workers(), text -> Console.say("%s", text));
            run(spark, base, own, found);
        }
    }

    @SuppressWarnings("try") // the answer is there while the block runs, no more
    private void run(SparkSession spark, PretrainedModel base, OwnFolder own, RunChecks.Found found)
            throws IOException {
        RecipeData rows = found.rows();
        RunOutput output = RunOutput.of(own.folder());
        PreparedData data = prepare(spark, own, rows);
        Console.say("files: %s", data.files().readFiles());
        data.files().leftOutFiles().forEach(files -> warn("files not read: " + files));
        Console.say("%s%s", data.rows(), data.reused() ? ", prepared before" : "");
        DataSummary.notes(recipe, data).forEach(this::warn);
        LabelledRows labelled = new LabelledRows(List.of(), List.of(), List.of());
        if (recipe.model().isClassifier()) {
            labelled = LabelledRows.read(data.folder(), recipe.model().labels());
            labelled.verify(recipe.training());
            labelled.note().ifPresent(this::warn);
        }
        Recipe chosen = chosenPrecision(spark, base, output.precision());
        MemoryPlan plan = plan(base, chosen);
        if (extent == Extent.CHECKED) {
            Console.say("all checks are passed; without --dry-run this command trains");
            return;
        }
        output.writeRecipe(recipe, chosen, rows.chat().date());
        output.writeManifest(RunSummary.begun(recipe, data, version));
        output.writeRejected(data);
        TrainWorker worker = new TrainWorker(
                Assignment.of(spark, base.resolved(chosen), rows, found.prompts(), data)
                        .into(own.onCluster(spark)),
                page(chosen, data, rows),
                plan.peakOfProcess(GivenMemory.isHere() ? recipe.cluster().workers() : 1),
                plan.settings().microBatchTokens());
        try (Interruption.Scope finishing = Interruption.ofProcess().answering(RunJob::finish)) {
            List<TrainingResult> results = train(spark, worker);
            RunSummary summary = new RunSummary(recipe, data, results);
            summary.skipped().ifPresent(warnings::add); // its text says it on the console
            output.wrote(results.get(0).files());
            write(output, summary, chosen, labelled, found);
            output.writeManifestFinished(summary.manifest(version));
            Console.sayAll(summary.text(output.folder().location()));
        }
    }

    /** What is only looked at goes again, unless it was there. */
    private PreparedData prepare(SparkSession spark, OwnFolder own, RecipeData rows) throws IOException {
        if (extent == Extent.TRAINED) {
            return rows.prepare(spark, own.folder());
        }
        return rows.findOrPrepare(spark, () -> own.folder().child(RunOutput.TRIAL));
    }

    private List<TrainingResult> train(SparkSession spark, TrainWorker worker) throws IOException {
        try (ConsoleProgress progress = new ConsoleProgress()) {
            return BarrierTraining.run(spark, recipe.cluster(), worker, progress, Interruption.ofProcess());
        }
    }

    /** What the report says while the run goes on. */
    private LiveOutput.Page page(Recipe chosen, PreparedData data, RecipeData rows) {
        return new LiveOutput.Page(
                recipe.name(),
                RunFacts.known(chosen, data, rows.chat().hasTemplate()),
                RunDocuments.rows(data),
                warnings);
    }

    /** What is trained is only to be written. */
    private static void finish() {
        Console.say("interrupted, but all is trained: it is written, then the run ends");
    }

    /** With micro-batches that fit. */
    private MemoryPlan plan(PretrainedModel base, Recipe chosen) throws IOException {
        MemoryPlan plan = MemoryPlan.of(base, chosen);
        Optional<GivenMemory> given = GivenMemory.ifKnown(recipe.cluster());
        if (given.isPresent()) {
            plan = plan.fitted(given.get().bytes());
        }
        if (plan.settings().microBatchTokens()
                < chosen.training().microBatchTokens().orElse(Worker.DEFAULT_MICRO_BATCH_TOKENS)) {
            Console.say(
                    "micro-batches of %,d tokens: larger ones do not fit",
                    plan.settings().microBatchTokens());
        }
        return plan;
    }

    private Recipe chosenPrecision(SparkSession spark, PretrainedModel base, Optional<Recipe.Precision> earlier) {
        ChosenPrecision chosen = ChosenPrecision.of(spark, recipe, base.architecture(), earlier);
        if (chosen.isBad()) {
            warn(chosen.note());
        } else if (!chosen.note().isEmpty()) {
            Console.say("%s", chosen.note());
        }
        return chosen.recipe();
    }

    /** All but the manifest, which says that all of it is there. */
    private void write(
            RunOutput output, RunSummary summary, Recipe chosen, LabelledRows labelled, RunChecks.Found found)
            throws IOException {
        RecipeData rows = found.rows();
        output.writeMetrics(summary.metrics());
        EvaluationTables tables = output.evaluation();
        if (!summary.samples().isEmpty()) {
            tables.writeGenerations(summary.samples());
        }
        long kept = summary.outcome().keptStep();
        if (!summary.finalScores().isEmpty()) {
            tables.writeScores(Stream.of(0L, kept)
                    .flatMap(step -> summary.scores().logged(step).stream())
                    .toList());
        }
        Optional<ClassificationReport> report = summary.report();
        if (report.isPresent()) {
            tables.writeClassification(report.get(), summary.predictions(), labelled);
        }
        RunDocuments documents = new RunDocuments(
                chosen, summary, version, rows.base(), rows.chat().hasTemplate(), began);
        List<Picture> pictures = new ArrayList<>();
        try {
            pictures.addAll(RunDocuments.curves(summary.metrics()));
            if (report.isPresent()) {
                pictures.addAll(tables.writePictures(report.get()));
            }
        } catch (NoFontsException e) {
            warn(e.getMessage());
        }
        output.writeReport(documents.report(pictures, warnings));
        output.writeModelCard(summary.modelFolder(), documents.modelCard());
        Folder model = output.folder().child(summary.modelFolder());
        Folder base = new Folder(
                output.folder().store(), HadoopStore.resolve(recipe.model().base()));
        if (recipe.adapter().isPresent()) {
            ModelFolder.copyTokenizer(model, base);
        }
        rows.settleTemplate(model);
        addTokens(model);
        SavedTokenizer.settle(model, base);
    }

    /** @param model folder of what was trained, with a copy of the base's tokenizer */
    private void addTokens(Folder model) throws IOException {
        for (Map.Entry<String, String> file :
                recipe.model().added().changes(model).entrySet()) {
            model.writeText(file.getKey(), file.getValue());
        }
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
        return builder.config("spark.ui.showConsoleProgress", false)
                .config("spark.redaction.regex", SparkSecrets.redaction(conf))
                .getOrCreate();
    }

    /** Says something that belongs into the report, too. */
    private void warn(String warning) {
        warnings.add(Secrets.masked(warning));
        Console.say("%s", warning);
    }
}
