package dev.temper.run;

import dev.temper.check.InvalidInputException;
import dev.temper.check.Secrets;
import dev.temper.model.ModelFolder;
import dev.temper.plan.GivenMemory;
import dev.temper.plan.MemoryAdvice;
import dev.temper.plan.MemoryPlan;
import dev.temper.recipe.ChosenPrecision;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.report.EvaluationReport;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.run.output.DataSummary;
import dev.temper.run.output.EvaluationTables;
import dev.temper.run.output.LabelledRows;
import dev.temper.run.output.LiveOutput;
import dev.temper.run.output.OwnFolder;
import dev.temper.run.output.RunDocuments;
import dev.temper.run.output.RunFacts;
import dev.temper.run.output.RunFailure;
import dev.temper.run.output.RunOutput;
import dev.temper.run.output.RunSummary;
import dev.temper.spark.cluster.BarrierTraining;
import dev.temper.spark.cluster.ClusterCheck;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.cluster.Interruption;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.text.SavedTokenizer;
import dev.temper.train.TrainingResult;
import dev.temper.train.objective.LabelSurvey;
import dev.temper.train.worker.Replica;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * One run of a recipe: all of it, in order. What is wrong with recipe, base or output is found before Spark is asked
 * for.
 */
public final class TrainingRun {
    private final RunEnvironment environment;
    private final RunListener listener;
    private final Recipe recipe;
    private final Extent extent;
    private final List<String> warnings = new ArrayList<>();
    private final Instant began = Instant.now();

    /** How far it goes. */
    private enum Extent {
        TRAINED,
        CHECKED
    }

    private TrainingRun(RunEnvironment environment, Recipe recipe, Extent extent) {
        this.environment = environment;
        this.listener = environment.listener();
        this.recipe = recipe;
        this.extent = extent;
    }

    /**
     * Trains, evaluates and writes the output; goes on where an earlier attempt ended.
     *
     * @return empty where the output holds the finished run of this recipe already
     * @throws InvalidInputException when recipe, data or locations are wrong
     * @throws dev.temper.train.worker.StoppedException when it was asked to end early
     */
    public static Optional<RunSummary> train(RunEnvironment environment, Recipe recipe) throws Exception {
        return new TrainingRun(environment, recipe, Extent.TRAINED).run();
    }

    /** Reads the rows and looks at all that a run looks at before it trains, and leaves nothing behind. */
    public static void check(RunEnvironment environment, Recipe recipe) throws Exception {
        new TrainingRun(environment, recipe, Extent.CHECKED).run();
    }

    private Optional<RunSummary> run() throws Exception {
        HadoopStore store = environment.store();
        RecipeLocations locations = new RecipeLocations(store, recipe);
        locations.verifyOutput();
        Folder folder = store.folder(recipe.output());
        if (isFinished(folder)) { // looked at before, too: it may be in a place that cannot be written any more
            Lease.tidy(folder);
            return Optional.empty();
        }
        try (OwnFolder own = OwnFolder.take("output", folder, listener::warned)) {
            return isFinished(folder) ? Optional.empty() : run(own, locations);
        }
    }

    private boolean isFinished(Folder folder) throws IOException {
        boolean isFinished = RunOutput.of(folder).state(recipe) == RunOutput.State.FINISHED;
        if (isFinished) {
            listener.say("%s holds the finished run of this recipe; nothing to do", folder.location());
        }
        return isFinished;
    }

    private Optional<RunSummary> run(OwnFolder own, RecipeLocations locations) throws Exception {
        try {
            return begin(own, locations);
        } catch (InvalidInputException e) {
            own.undo();
            leaveReason(own, e);
            throw e;
        } catch (Exception e) {
            own.checkHeld(); // the reason of all that fails after that
            leaveReason(own, e);
            throw e;
        } finally {
            if (extent == Extent.CHECKED) {
                own.folder().delete(RunOutput.TRIAL);
                own.undo();
            }
        }
    }

    /** For who does not see how the process ends, as in cluster mode. */
    private void leaveReason(OwnFolder own, Exception failure) {
        RunFailure failed = RunFailure.of(failure);
        try {
            if (extent == Extent.TRAINED) {
                RunOutput.of(own.folder())
                        .writeManifestEnded(recipe, Interruption.ofProcess().isAsked() ? failed.interrupted() : failed);
            }
        } catch (IOException e) {
            listener.warned("the manifest does not say how the run ended: " + HadoopStore.reason(e));
        }
    }

    private Optional<RunSummary> begin(OwnFolder own, RecipeLocations locations) throws Exception {
        HadoopStore store = locations.store();
        own.folder().delete(RunOutput.TRIAL);
        locations.verifyInput();
        PretrainedModel base = PretrainedModel.read(store, recipe);
        MemoryAdvice.checkFits(base, recipe, environment.conf().get());
        LocalDate today = RunOutput.of(own.folder()).date().orElseGet(RecipeData::today);
        RunChecks.Found found = RunChecks.all(environment, recipe, base, today);
        ClusterCheck.verify(environment.conf().get(), recipe.cluster().workers());
        listener.say(
                "%s: %s, %,d parameters, from %s",
                recipe.name(),
                base.architecture().modelType(),
                base.architecture().parameterCount(),
                base.folder().location());
        found.notes().forEach(this::warn);
        try (SparkHandle open = environment.open(recipe)) {
            SparkSession spark = open.spark();
            own.cancelsWhenLost(spark);
            own.verifyAmongWorkers(spark, recipe.cluster().workers(), listener::said);
            return run(spark, base, own, found);
        }
    }

    @SuppressWarnings("try") // the answer is there while the block runs, no more
    private Optional<RunSummary> run(SparkSession spark, PretrainedModel base, OwnFolder own, RunChecks.Found found)
            throws IOException {
        RecipeData rows = found.rows();
        RunOutput output = RunOutput.of(own.folder());
        PreparedData data = prepare(spark, own, rows);
        listener.say("files: %s", data.files().readFiles(data.rows().evaluated()));
        data.files().leftOutFiles().forEach(files -> warn("files not read: " + files));
        listener.say("%s%s", data.rows(), data.reused() ? ", prepared before" : "");
        DataSummary.notes(recipe, data).forEach(this::warn);
        LabelledRows labelled = LabelledRows.read(data.folder(), recipe.model().objective());
        labelled.survey().ifPresent(survey -> survey.verify(recipe.training()));
        labelled.survey().flatMap(LabelSurvey::note).ifPresent(this::warn);
        Recipe chosen = chosenPrecision(spark, base, output.precision());
        MemoryPlan plan = plan(base, chosen);
        if (extent == Extent.CHECKED) {
            return Optional.empty();
        }
        output.writeRecipe(recipe, chosen, rows.chat().date());
        output.writeManifest(RunSummary.begun(recipe, data, environment.version()));
        output.writeRejected(data);
        TrainWorker worker = new TrainWorker(
                Assignment.of(spark, base.resolved(chosen), rows, found.prompts(), data)
                        .into(own.onCluster(spark)),
                page(chosen, data, rows),
                plan.peakOfProcess(
                        GivenCores.isLocal(spark.sparkContext().getConf())
                                ? recipe.cluster().workers()
                                : 1),
                plan.settings().microBatchTokens());
        try (Interruption.Scope finishing = Interruption.ofProcess().answering(this::finish)) {
            List<TrainingResult> results = train(spark, worker);
            RunSummary summary = new RunSummary(recipe, data, results);
            summary.skipped().ifPresent(warnings::add); // its text says it on the console
            output.wrote(results.get(0).files());
            write(output, summary, chosen, labelled, found);
            output.writeManifestFinished(summary.manifest(environment.version()));
            return Optional.of(summary);
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
        List<TrainingResult> results =
                BarrierTraining.run(spark, recipe.cluster(), worker, listener, Interruption.ofProcess());
        listener.trained();
        return results;
    }

    /** What the report says while the run goes on. */
    private LiveOutput.Page page(Recipe chosen, PreparedData data, RecipeData rows) {
        return new LiveOutput.Page(
                recipe.name(),
                RunFacts.known(chosen, data, rows.chat()),
                RunDocuments.rows(data),
                warnings,
                recipe.model().objective().curves());
    }

    /** What is trained is only to be written. */
    private void finish() {
        listener.say("interrupted, but all is trained: it is written, then the run ends");
    }

    /** With micro-batches that fit. */
    private MemoryPlan plan(PretrainedModel base, Recipe chosen) throws IOException {
        MemoryPlan plan = MemoryPlan.of(base, chosen);
        Optional<GivenMemory> given =
                GivenMemory.ifKnown(recipe.cluster(), environment.conf().get());
        if (given.isPresent()) {
            plan = plan.fitted(given.get().bytes());
        }
        if (plan.settings().microBatchTokens()
                < chosen.training().microBatchTokens().orElse(Replica.DEFAULT_MICRO_BATCH_TOKENS)) {
            listener.say(
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
            listener.said(chosen.note());
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
        Optional<EvaluationReport> report = summary.report();
        if (report.isPresent()) {
            tables.writeReport(report.get(), labelled.evaluated());
        }
        RunDocuments documents =
                new RunDocuments(chosen, summary, environment.version(), rows.base(), rows.chat(), began);
        List<Picture> pictures = new ArrayList<>();
        try {
            pictures.addAll(RunDocuments.curves(
                    summary.metrics(), recipe.model().objective().curves()));
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

    /** Says something that belongs into the report, too. */
    private void warn(String warning) {
        warnings.add(Secrets.masked(warning));
        listener.said(Secrets.masked(warning));
    }
}
