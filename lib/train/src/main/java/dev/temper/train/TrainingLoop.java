package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.kernel.HostMemory;
import dev.temper.storage.Folder;
import dev.temper.track.Metric;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.Evaluation;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.rows.BatchPlan;
import dev.temper.train.rows.LengthGroups;
import dev.temper.train.worker.Heartbeat;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.StoppedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * Trains one worker's replica. All workers follow the same plan; in each step a worker takes every {@code size}-th
 * sequence, and the gradients are summed over all workers. The loss of a step is the sum of the losses over all workers
 * divided by the sum of their weights over all workers (the number of trained tokens, or the class weights of the
 * rows), so the loss curve does not depend on the number of workers.
 */
public final class TrainingLoop {
    private static final String EVAL = "eval/";

    private final TrainedModel model;
    private final TrainingRows rows;
    private final TrainingConfig config;
    private final Collective workers;
    private final Replica worker;
    private final int[] lengths;
    private final ProgressListener listener;
    private final BatchPlan plan;
    private final TimeLeft timeLeft;

    private Path offload = Path.of(System.getProperty("java.io.tmpdir"));
    private CheckpointCoordinator checkpoints;
    private Updates updates;
    private TrainingState state = new TrainingState();
    private SnapshotListener snapshots = SnapshotListener.silent();
    private Optional<Evaluation> evaluated = Optional.empty(); // of the current weights
    private boolean isBestRestored; // the weights are no longer those of the last update
    private long timeOfLog;

    public TrainingLoop(
            TrainedModel model,
            TrainingRows rows,
            TrainingConfig config,
            Collective workers,
            ProgressListener listener) {
        this.model = model;
        this.rows = rows;
        this.config = config;
        this.workers = workers;
        this.listener = listener;
        this.worker = Replica.of(model.network(), workers, config);
        this.lengths = rows.lengths();
        this.plan = BatchPlan.of(lengths.length, config);
        this.timeLeft = new TimeLeft(rows, config, plan);
    }

    /** Sets the folder for offloaded optimizer state and activations, instead of a temporary one. */
    public TrainingLoop offloadingTo(Path folder) {
        offload = folder;
        return this;
    }

    /**
     * Sets a listener of snapshots: before the first update, after evaluations and after all but the last checkpoint.
     */
    public TrainingLoop reportingTo(SnapshotListener listener) {
        snapshots = listener;
        return this;
    }

    /** Sets a condition that is checked at least once per update; when it becomes true, training stops early. */
    public TrainingLoop stoppingWhen(BooleanSupplier asked) {
        worker.stoppingWhen(asked);
        return this;
    }

    /**
     * Trains to the end, from the newest checkpoint if there is one. When asked to stop, it finishes the update or
     * abandons the evaluation, and saves a checkpoint, from which a resumed run gives the same result.
     *
     * @param prompts to answer before and after training
     * @param kept the checkpoints to resume from and to write; empty: none
     * @throws StoppedException on all workers, when one of them was asked to stop
     * @throws IOException when another worker is lost
     * @throws dev.temper.check.FailedRunException when ten updates in a row, or all, had a non-finite gradient
     * @throws dev.temper.check.InvalidInputException when the best model is wanted and no evaluation can determine it
     */
    public TrainingResult run(Prompts prompts, Optional<Checkpoints> kept) throws IOException {
        checkBestModel(kept);
        updates = new Updates(model, rows, worker, new Updates.Settings(config, plan.steps(), offload), listener);
        checkpoints = new CheckpointCoordinator(kept, workers, model.parameters(), updates.optimizer());
        HostMemory.release(); // memory that was used to load the model
        listener.started(plan.steps());
        List<Sample> samples = new ArrayList<>();
        try {
            begin(prompts, samples);
            reportSnapshot(samples);
            train(samples);
            new SkippedUpdates(state, listener).checkChanged();
            Evaluation last = lastEvaluation();
            answer(prompts, state.outcome(config).keptStep(), samples);
            return result(samples, last);
        } catch (StoppedException e) {
            throw stopped();
        }
    }

    private void begin(Prompts prompts, List<Sample> samples) throws IOException {
        Optional<Folder> resumed = checkpoints.find();
        if (resumed.isEmpty()) {
            evaluate();
        }
        answer(prompts, 0, samples);
        if (resumed.isPresent()) {
            state = checkpoints.restore(resumed.get());
            checkpoints.letOldGo(best());
            evaluated = Optional.empty();
            timeLeft.took(TimeLeft.Part.EVALUATION, state.secondsOfEvaluation);
            worker.microBatch().limit(state.microBatchTokens);
            listener.resumed(state.step, state.tokens);
        }
        timeOfLog = System.nanoTime() - (long) (state.secondsSinceLog * 1e9);
    }

    private void train(List<Sample> samples) throws IOException {
        int[] epoch = {};
        while (!state.isMeasured || (state.step < plan.steps() && !state.stoppedEarly)) {
            if (state.isMeasured) {
                if (epoch.length == 0 || state.step % plan.stepsPerEpoch() == 0) {
                    epoch = epoch(state.step / plan.stepsPerEpoch());
                }
                update(plan.batch(epoch, state.step));
            }
            long end = System.nanoTime();
            state.isMeasured = false;
            worker.stopIfAsked();
            boolean isBest = evaluateIfDue();
            state.isMeasured = true;
            boolean mustSave = isBest && config.loadBestModelAtEnd();
            if (mustSave || isDue(config.saveStrategy(), config.saveSteps())) {
                save();
                mustSave = true;
            }
            boolean isOver = state.step == plan.steps() || state.stoppedEarly;
            if (!isOver && (mustSave || isDue(config.evalStrategy(), config.evalSteps()))) {
                reportSnapshot(samples);
            }
            timeOfLog += System.nanoTime() - end; // not part of the training time
        }
    }

    private void update(int[] batch) throws IOException {
        long tokens = state.tokens;
        long start = System.nanoTime();
        Updates.Done done = updates.next(state, batch);
        double meanLoss = state.lossSinceLog / state.weightSinceLog;
        if (state.step % config.loggingSteps() == 0 || state.step == plan.steps()) {
            log(done, meanLoss);
        }
        long end = System.nanoTime();
        state.seconds += (end - start) / 1e9;
        state.secondsSinceLog = (end - timeOfLog) / 1e9;
        timeLeft.updated((end - start) / 1e9, state.tokens - tokens);
        listener.stepped(new ProgressListener.Update(
                state.step,
                done.loss(),
                meanLoss,
                done.learningRate(),
                state.tokens,
                state.seconds,
                timeLeft.after(state.step)));
    }

    private void reportSnapshot(List<Sample> samples) throws IOException {
        TrainingSnapshot now = state.snapshot(plan.steps(), samples);
        Heartbeat.during(workers, () -> {
            if (workers.rank() == 0) {
                snapshots.hear(now);
            }
            return now;
        });
    }

    private TrainingResult result(List<Sample> samples, Evaluation last) {
        return new TrainingResult(
                state.metrics,
                samples,
                last.predictions(),
                state.outcome(config),
                state.seconds,
                state.tokens,
                model.totalParameters(),
                model.parameters().count(),
                TrainingResult.Memory.UNKNOWN,
                "",
                Map.of());
    }

    private void save() throws IOException {
        timeLeft.measure(TimeLeft.Part.SAVING, () -> {
            model.checkBase(workers);
            checkpoints.save(state, best());
            return state;
        });
    }

    /** The update whose checkpoint must not be deleted; 0: none. */
    private int best() {
        return config.loadBestModelAtEnd() ? state.best.step : 0;
    }

    /** Saves a checkpoint, and creates the exception that tells where to resume. */
    private StoppedException stopped() throws IOException {
        if (state.step == 0) {
            return new StoppedException("interrupted before training");
        }
        String where = String.format(Locale.ROOT, "interrupted after update %,d of %,d", state.step, plan.steps());
        if (!checkpoints.areKept()) {
            return new StoppedException(
                    where + "; with training.save_strategy: no there is no checkpoint, and the run begins anew");
        }
        if (!isBestRestored) {
            save();
        }
        return new StoppedException(where + ", a checkpoint is saved");
    }

    private void checkBestModel(Optional<Checkpoints> kept) {
        config.checkBest(rows.evaluated(), rows.scoreNames());
        if (config.loadBestModelAtEnd() && kept.isEmpty()) {
            throw new IllegalArgumentException("the best model is loaded from checkpoints, and there are none");
        }
    }

    /** All rows in the order of an epoch, the same on every worker. */
    private int[] epoch(int epoch) {
        int[] order = plan.epoch(epoch);
        return config.groupByLength() ? LengthGroups.sorted(order, lengths, config.batchSize()) : order;
    }

    /** Evaluates if it is due after this update; returns whether this evaluation is the best so far. */
    private boolean evaluateIfDue() throws IOException {
        if (!isDue(config.evalStrategy(), config.evalSteps()) && state.step < plan.steps()) {
            return false;
        }
        evaluate();
        if (evaluated.isEmpty()) {
            return false;
        }
        double value = evaluated.get().scores().getOrDefault(config.bestMetric().substring(EVAL.length()), Double.NaN);
        boolean isBest = state.best.add(state.step, value, config);
        state.stoppedEarly = state.step < plan.steps() && state.best.hasLastedTooLong(config);
        if (state.stoppedEarly && state.weightSinceLog > 0) { // logged as after the last planned update
            measure(state.step, "train/loss", state.lossSinceLog / state.weightSinceLog);
        }
        return isBest;
    }

    /** Restores the best model if configured, and returns the evaluation of the model that will be saved. */
    private Evaluation lastEvaluation() throws IOException {
        int best = state.best.step;
        if (config.loadBestModelAtEnd() && best > 0 && best < state.step) {
            checkpoints.restoreWeights(best);
            isBestRestored = true;
            evaluated = Optional.empty();
        }
        if (evaluated.isEmpty() && rows.evaluated() > 0) {
            return rows.evaluate(worker); // scores of that evaluation are known, but its predictions are not
        }
        return evaluated.orElse(Evaluation.NOTHING);
    }

    private boolean isDue(IntervalStrategy when, OptionalInt every) {
        return when.isDue(state.step, every, plan.stepsPerEpoch());
    }

    private void log(Updates.Done done, double meanLoss) {
        long now = System.nanoTime();
        int step = state.step;
        measure(step, "train/loss", meanLoss);
        measure(step, "train/grad_norm", done.norm());
        measure(step, "train/learning_rate", done.learningRate());
        measure(step, "train/tokens_per_second", state.tokensSinceLog / ((now - timeOfLog) / 1e9));
        state.lossSinceLog = 0;
        state.weightSinceLog = 0;
        state.tokensSinceLog = 0;
        timeOfLog = now;
    }

    private void measure(int step, String name, double value) {
        Metric metric = new Metric(step, name, value, Instant.now());
        state.metrics.add(metric);
        listener.measured(metric);
    }

    private void evaluate() throws IOException {
        if (rows.evaluated() > 0) {
            evaluated = Optional.of(timeLeft.measure(TimeLeft.Part.EVALUATION, () -> rows.evaluate(worker)));
            state.secondsOfEvaluation = timeLeft.last(TimeLeft.Part.EVALUATION);
            evaluated.get().scores().forEach((name, value) -> measure(state.step, EVAL + name, value));
        }
    }

    /** @param step number of updates that produced the current weights */
    private void answer(Prompts prompts, int step, List<Sample> samples) throws IOException {
        Replica.Answers answers =
                timeLeft.measure(TimeLeft.Part.ANSWERS, () -> worker.answer(prompts, step, config.seed()));
        samples.addAll(answers.own());
        answers.exactMatch().ifPresent(value -> measure(step, EVAL + "exact_match", value));
    }
}
