package dev.temper.run;

import static dev.temper.check.Check.check;

import dev.temper.check.InvalidInputException;
import dev.temper.eval.Sample;
import dev.temper.model.ModelTask;
import dev.temper.recipe.ChosenPrecision;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.recipe.RenderedPrompt;
import dev.temper.report.EvaluationReport;
import dev.temper.report.NoFontsException;
import dev.temper.run.output.EvaluationTables;
import dev.temper.run.output.LabelledRows;
import dev.temper.run.output.OwnFolder;
import dev.temper.run.output.RunOutput;
import dev.temper.run.output.RunSummary;
import dev.temper.run.output.Scores;
import dev.temper.run.output.ScratchFolder;
import dev.temper.spark.cluster.BarrierTraining;
import dev.temper.spark.cluster.ClusterCheck;
import dev.temper.spark.cluster.Interruption;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import dev.temper.train.objective.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/**
 * Evaluates a model on a recipe's rows: as the recipe's run prepares them, with the numbers as its training loop
 * measures them. The run's output is read for rows that are prepared there, and never written.
 */
public final class EvaluationRun {
    private final RunEnvironment environment;
    private final HadoopStore store;
    private final Recipe recipe;
    private final Optional<String> output;

    /**
     * What was measured.
     *
     * @param scores by name, without {@code eval/}
     */
    public record Evaluated(Map<String, Double> scores, PreparedData data) {}

    private EvaluationRun(RunEnvironment environment, Recipe recipe, Optional<String> output) {
        this.environment = environment;
        this.store = environment.store();
        this.recipe = recipe;
        this.output = output;
    }

    /**
     * @param recipe its base is the model, and its adapter, if any, the one to evaluate
     * @param output location of tables and pictures; empty: none are written
     * @throws InvalidInputException when model, data or locations do not fit
     */
    public static Evaluated evaluate(RunEnvironment environment, Recipe recipe, Optional<String> output)
            throws Exception {
        return new EvaluationRun(environment, recipe, output).run();
    }

    private Evaluated run() throws Exception {
        checkRows(recipe.data().eval().isPresent() || recipe.data().evalFraction() > 0);
        new RecipeLocations(store, recipe).verifyInput();
        String location = HadoopStore.resolve(recipe.model().base());
        PretrainedModel base = PretrainedModel.read(store, recipe);
        checkHead(base.folder());
        Optional<String> random = base.verify(recipe);
        check(random.isEmpty(), "%s: %s; name the folder that a run wrote, or --adapter", location, random.orElse(""));
        ClusterCheck.verify(environment.conf().get(), recipe.cluster().workers());
        if (output.isEmpty()) {
            return evaluate(base, Optional.empty());
        }
        try (OwnFolder own = OwnFolder.take("--output", output(output.get()), environment.listener()::warned)) {
            return evaluate(base, Optional.of(own));
        }
    }

    private Folder output(String location) {
        check(
                !HadoopStore.resolve(location).equals(HadoopStore.resolve(recipe.output())),
                "--output: %s is the output of the recipe's run; name another folder",
                location);
        return store.folder(location);
    }

    private Evaluated evaluate(PretrainedModel base, Optional<OwnFolder> output) throws Exception {
        Folder temporary = Folder.local(Files.createTempDirectory("temper-evaluate-"));
        try (ScratchFolder scratch = ScratchFolder.of(temporary);
                SparkHandle open = environment.open(recipe)) {
            output.ifPresent(own -> own.cancelsWhenLost(open.spark()));
            return evaluate(open.spark(), base, output, scratch.folder());
        } catch (InvalidInputException e) {
            if (output.isPresent()) {
                output.get().undo();
            }
            throw e;
        } catch (Exception e) {
            output.ifPresent(OwnFolder::checkHeld);
            throw e;
        }
    }

    private static void checkRows(boolean areThere) {
        check(areThere, "the recipe has no rows to evaluate on: set data.eval or data.eval_fraction");
    }

    /** A head that a run trained answers what the recipe says; one without names may have any. */
    private void checkHead(Folder folder) throws IOException {
        ModelTask wanted = recipe.model().head();
        ModelTask saved = ModelTask.of(folder);
        if (wanted.isCausal()) {
            check(
                    saved.isCausal(),
                    "%s holds a classifier; set model.task: %s and model.labels: %s",
                    folder.location(),
                    saved.kind().label(),
                    saved.labels());
            return;
        }
        if (recipe.adapter().isPresent()) {
            checkAdapterLabels(
                    recipe.adapter().get().initFrom().orElseThrow(),
                    recipe.model().labels());
            return;
        }
        if (saved.isCausal()) {
            return;
        }
        check(
                saved.kind() == wanted.kind(),
                "%s was trained for %s, model.task says %s: they must agree",
                folder.location(),
                saved.kind().label(),
                wanted.kind().label());
        boolean isUnnamed = saved.labels().stream().allMatch(label -> label.matches("LABEL_\\d+"));
        check(
                wanted.equals(saved) || (isUnnamed && wanted.numLabels() == saved.numLabels()),
                "%s classifies as %s, model.labels names %s: they must agree, in their order, too",
                folder.location(),
                saved.labels(),
                wanted.labels());
    }

    /** PEFT's files hold no names of classes; the run that wrote an adapter does, in the folder above. */
    private void checkAdapterLabels(String adapter, List<String> labels) throws IOException {
        String location = HadoopStore.resolve(adapter);
        Optional<ModelTask> trained = RunOutput.task(RunOutput.above(store, location));
        check(
                trained.isEmpty()
                        || trained.get().labels().isEmpty()
                        || trained.get().labels().equals(labels),
                "%s was trained to classify as %s, model.labels names %s: they must agree, in their order, too",
                location,
                trained.map(ModelTask::labels).orElse(List.of()),
                labels);
    }

    private Evaluated evaluate(SparkSession spark, PretrainedModel base, Optional<OwnFolder> output, Folder scratch)
            throws IOException {
        RunOutput run = RunOutput.of(store.folder(recipe.output()));
        LocalDate today = run.date().orElseGet(RecipeData::today);
        RecipeData rows = RecipeData.of(store, recipe, today).with(environment.tables());
        List<RenderedPrompt> prompts = rows.prompts();
        base.verify(prompts, recipe);
        if (output.isPresent()) {
            output.get().verifyAmongWorkers(spark, recipe.cluster().workers(), waiting -> {});
        }
        PreparedData data = rows.findOrPrepare(spark, () -> {
            if (recipe.data().prepared().isPresent()) {
                return store.folder(recipe.data().prepared().get());
            }
            check(
                    output.isPresent() || spark.sparkContext().isLocal(),
                    "the rows are not prepared yet, and no place is known that all executors see: name --output");
            return output.map(OwnFolder::folder)
                    .orElseGet(() -> store.folder(scratch.location()))
                    .child(RunOutput.PREPARED);
        });
        checkRows(data.rows().evaluated() > 0);
        Recipe chosen = ChosenPrecision.of(spark, recipe, base.architecture(), Optional.empty())
                .recipe();
        Assignment assignment = Assignment.of(spark, base.resolved(chosen), rows, prompts, data);
        List<TrainingResult> results = BarrierTraining.run(
                spark,
                recipe.cluster(),
                new EvaluateWorker(assignment),
                ProgressListener.silent(),
                Interruption.ofProcess());
        TrainingResult first = results.get(0);
        if (output.isPresent()) {
            write(new EvaluationTables(output.get().folder()), first, RunSummary.samples(results), data);
        }
        return new Evaluated(new Scores(first.metrics()).at(0), data);
    }

    private void write(EvaluationTables tables, TrainingResult result, List<Sample> samples, PreparedData data)
            throws IOException {
        tables.writeScores(result.metrics());
        if (!samples.isEmpty()) {
            tables.writeGenerations(samples);
        }
        Objective objective = recipe.model().objective();
        Optional<EvaluationReport> report = objective.report(result.predictions());
        if (report.isPresent()) {
            tables.writeReport(
                    report.get(), LabelledRows.read(data.folder(), objective).evaluated());
            try {
                tables.writePictures(report.get());
            } catch (NoFontsException e) {
                environment.listener().warned(e.getMessage());
            }
        }
    }
}
