package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.Packs;
import dev.temper.text.TokenRow;
import dev.temper.track.Metric;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Trains one worker's replica: every worker runs the same plan, takes every {@code size}-th sequence of a step, and
 * sums its gradients with the others. The loss of a step is the sum of the token losses over all workers divided by the
 * number of trained tokens over all workers, so the curve does not depend on how many there are.
 */
public final class TrainingLoop {
    /** One bucket of the gradient sum: large enough to be fast, small enough to travel while another is added. */
    private static final int BUCKET_BYTES = 16 << 20;

    private static final int DEFAULT_MICRO_BATCH_TOKENS = 2048;
    private static final int MAX_SKIPPED_IN_A_ROW = 10;

    /**
     * What is trained on.
     *
     * @param train sequences in the order of the data: a row each, or the rows that were packed into one. The rows of a
     *     sequence never see each other; packing says how much an update learns from, no more
     * @param eval may be empty
     */
    public record Rows(List<List<TokenRow>> train, List<TokenRow> eval) {
        /** Every row is a sequence of its own. */
        public static Rows unpacked(List<TokenRow> train, List<TokenRow> eval) {
            return new Rows(train.stream().map(List::of).toList(), eval);
        }

        /**
         * Rows packed by their lengths alone. Sequences that teach nothing are left out. With {@code wrapped} the rows
         * to evaluate on are cut, too.
         */
        public static Rows packed(
                List<TokenRow> train, List<TokenRow> eval, DataConfig.Packing packing, int maxLength) {
            List<List<TokenRow>> sequences = sequences(train, packing, maxLength).stream()
                    .filter(sequence -> sequence.stream().anyMatch(row -> row.trainedTokens() > 0))
                    .toList();
            DataConfig.Packing cut = packing == DataConfig.Packing.WRAPPED ? packing : DataConfig.Packing.NONE;
            return new Rows(
                    sequences,
                    sequences(eval, cut, maxLength).stream()
                            .flatMap(List::stream)
                            .toList());
        }

        private static List<List<TokenRow>> sequences(List<TokenRow> rows, DataConfig.Packing packing, int maxLength) {
            int[] lengths = rows.stream().mapToInt(TokenRow::length).toArray();
            return Packs.of(packing, lengths, maxLength).stream()
                    .map(pack -> pack.stream()
                            .map(piece -> rows.get(piece.row()).piece(piece.from(), piece.to()))
                            .toList())
                    .toList();
        }
    }

    private final TrainedModel model;
    private final Rows rows;
    private final TrainingConfig config;
    private final Collective workers;
    private final ProgressListener listener;
    private final BatchPlan plan;
    private final Schedule schedule;
    private final AdamW optimizer;
    private final Backpropagation backpropagation;
    private final double peakLearningRate;
    private final List<ByteBuffer> gradientBuckets;

    private TrainingState state = new TrainingState();
    private long timeOfLog;

    public TrainingLoop(
            TrainedModel model, Rows rows, TrainingConfig config, Collective workers, ProgressListener listener) {
        this.model = model;
        this.rows = rows;
        this.config = config;
        this.workers = workers;
        this.listener = listener;
        this.plan = BatchPlan.of(rows.train().size(), config);
        int warmup =
                config.warmupSteps() > 0 ? config.warmupSteps() : (int) Math.ceil(config.warmupRatio() * plan.steps());
        this.schedule = new Schedule(config.lrSchedulerType(), warmup, plan.steps());
        this.optimizer = new AdamW(model.network().workspace(), model.parameters(), config);
        this.backpropagation = config.gradientCheckpointing()
                ? Backpropagation.checkpointing(model.network())
                : Backpropagation.recording(model.network());
        this.peakLearningRate = config.learningRate().orElse(2e-5);
        this.gradientBuckets = buckets();
    }

    private List<ByteBuffer> buckets() {
        List<ByteBuffer> buckets = new ArrayList<>();
        int elements = BUCKET_BYTES / Float.BYTES;
        for (long from = 0; workers.size() > 1 && from < model.parameters().count(); from += elements) {
            long to = Math.min(model.parameters().count(), from + elements);
            buckets.add(Workspace.memory(Workspace.slice(model.parameters().flatGradients(), from, to)));
        }
        return buckets;
    }

    /**
     * Trains to the end, from the newest checkpoint if there is one.
     *
     * @param checkpoints where they are kept; empty: none are read or written
     * @throws IOException when another worker is lost
     * @throws IllegalStateException when ten updates in a row have a non-finite gradient
     */
    public TrainingResult run(Prompts prompts, Optional<Checkpoints> checkpoints) throws IOException {
        listener.started(plan.steps());
        Optional<Folder> resumed = checkpoints.isPresent() ? checkpoints.get().newest() : Optional.empty();
        List<Sample> samples = new ArrayList<>();
        if (resumed.isEmpty()) {
            evaluate(0);
        }
        answer(prompts, 0, samples);
        if (resumed.isPresent()) {
            resume(checkpoints.get(), resumed.get());
        }
        timeOfLog = System.nanoTime() - (long) (state.secondsSinceLog * 1e9);
        int[] epoch = {};
        for (int step = state.step; step < plan.steps(); step++) {
            long start = System.nanoTime();
            if (epoch.length == 0 || step % plan.stepsPerEpoch() == 0) {
                epoch = plan.epoch(step / plan.stepsPerEpoch());
            }
            step(step, plan.batch(epoch, step));
            long end = System.nanoTime();
            state.seconds += (end - start) / 1e9;
            state.secondsSinceLog = (end - timeOfLog) / 1e9;
            if (isDue(config.evalStrategy(), config.evalSteps()) || state.step == plan.steps()) {
                evaluate(state.step);
            }
            if (checkpoints.isPresent() && isDue(config.saveStrategy(), config.saveSteps())) {
                save(checkpoints.get());
            }
            timeOfLog += System.nanoTime() - end; // neither is training
        }
        answer(prompts, plan.steps(), samples);
        return new TrainingResult(
                state.metrics,
                samples,
                plan.steps(),
                state.seconds,
                state.tokens,
                state.skipped,
                model.totalParameters(),
                model.parameters().count());
    }

    private boolean isDue(TrainingConfig.When when, OptionalInt every) {
        return when.isDue(state.step, every, plan.stepsPerEpoch());
    }

    /** All workers read the same checkpoint; that they did is made sure of. */
    private void resume(Checkpoints checkpoints, Folder checkpoint) throws IOException {
        state = checkpoints.restore(checkpoint, model.parameters(), optimizer);
        double sum = workers.sum(new double[] {state.step})[0];
        if (sum != (double) state.step * workers.size()) {
            throw new IOException("the workers found different checkpoints; this one has update " + state.step);
        }
        listener.resumed(state.step, state.tokens);
    }

    /** The first worker writes beside its training thread, which tells the others each second that it is alive. */
    private void save(Checkpoints checkpoints) throws IOException {
        CompletableFuture<Void> saved = new CompletableFuture<>();
        if (workers.rank() == 0) {
            saved = CompletableFuture.runAsync(() -> {
                try {
                    checkpoints.save(state, model.parameters(), optimizer);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        double done;
        do {
            done = workers.sum(new double[] {workers.rank() == 0 && isDone(saved) ? 1 : 0})[0];
        } while (done == 0);
        if (workers.rank() == 0) {
            saved.join();
        }
    }

    private static boolean isDone(CompletableFuture<Void> work) throws IOException {
        try {
            work.get(1, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while a checkpoint was written");
        } catch (ExecutionException e) {
            return true; // join throws it
        }
        return true;
    }

    private void step(int step, int[] batch) throws IOException {
        Share share = new Share();
        for (int i = 0; i < batch.length; i++) {
            List<TokenRow> sequence = rows.train().get(batch[i]);
            for (int j = 0; j < sequence.size(); j++) {
                share.add(sequence.get(j), i, key(step, batch[i], j));
            }
        }
        double loss = 0;
        for (LabelledStream stream : share.microBatches()) {
            loss += backpropagation.accumulate(stream, 1.0 / share.targets);
        }
        workers.sum(gradientBuckets);
        loss = workers.sum(new double[] {loss})[0];
        state.tokens += share.tokens;
        update(step, loss, share.targets, share.tokens);
    }

    /** What the dropout masks of a sequence's {@code index}-th row come from. */
    private long key(int step, int sequence, int index) {
        long key = LabelledStream.mix(LabelledStream.mix(LabelledStream.mix(config.seed()) + step) + sequence);
        return index == 0 ? key : LabelledStream.mix(key + index);
    }

    /** The rows of an update or an evaluation, and those of them that are this worker's. */
    private final class Share {
        private final List<LabelledStream.Row> own = new ArrayList<>();
        private long targets;
        private long tokens;

        /**
         * A row that teaches nothing, such as the piece of a long prompt, is left out: no other row sees it.
         *
         * @param number which sequence it belongs to; every {@code size}-th one is this worker's
         */
        void add(TokenRow row, int number, long key) {
            int learned = row.trainedTokens();
            if (learned == 0) {
                return;
            }
            targets += learned;
            tokens += row.length();
            if (number % workers.size() == workers.rank()) {
                own.add(new LabelledStream.Row(row.inputIds(), row.trained(), key));
            }
        }

        List<LabelledStream> microBatches() {
            int[] lengths = own.stream().mapToInt(row -> row.ids().length).toArray();
            int maxTokens = config.microBatchTokens().orElse(DEFAULT_MICRO_BATCH_TOKENS);
            List<LabelledStream> streams = new ArrayList<>();
            for (int[] group : MicroBatches.split(lengths, maxTokens)) {
                List<LabelledStream.Row> members = new ArrayList<>();
                for (int index : group) {
                    members.add(own.get(index));
                }
                streams.add(LabelledStream.of(members));
            }
            return streams;
        }
    }

    private void update(int step, double loss, long targets, long length) {
        double norm = Workspace.scoped(() ->
                model.network().workspace().training().norm(model.parameters().gradients()));
        double learningRate = peakLearningRate * schedule.factor(step);
        if (Double.isFinite(norm) && Double.isFinite(loss)) {
            optimizer.step(learningRate, norm);
            state.skippedInARow = 0;
            state.lossSinceLog += loss;
            state.targetsSinceLog += targets;
        } else {
            skip(step, norm);
        }
        model.parameters().clearGradients();
        state.tokensSinceLog += length;
        state.step = step + 1;
        listener.stepped(step + 1, loss / targets, learningRate, state.tokens);
        if ((step + 1) % config.loggingSteps() == 0 || step + 1 == plan.steps()) {
            log(step + 1, norm, learningRate);
        }
    }

    private void skip(int step, double norm) {
        state.skipped++;
        if (++state.skippedInARow == MAX_SKIPPED_IN_A_ROW) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "the gradient was not finite (norm %s) in %d updates in a row, up to update %d: training has "
                            + "diverged; try a lower training.learning_rate or a longer warm-up",
                    norm,
                    MAX_SKIPPED_IN_A_ROW,
                    step + 1));
        }
    }

    private void log(int step, double norm, double learningRate) {
        long now = System.nanoTime();
        measure(step, "train/loss", state.lossSinceLog / state.targetsSinceLog);
        measure(step, "train/grad_norm", norm);
        measure(step, "train/learning_rate", learningRate);
        measure(step, "train/tokens_per_second", state.tokensSinceLog / ((now - timeOfLog) / 1e9));
        state.lossSinceLog = 0;
        state.targetsSinceLog = 0;
        state.tokensSinceLog = 0;
        timeOfLog = now;
    }

    private void measure(int step, String name, double value) {
        Metric metric = new Metric(step, name, value, Instant.now());
        state.metrics.add(metric);
        listener.measured(metric);
    }

    /** The mean token loss over the evaluation rows, each worker computing its share. */
    private void evaluate(int step) throws IOException {
        if (rows.eval().isEmpty()) {
            return;
        }
        Share share = new Share();
        for (int i = 0; i < rows.eval().size(); i++) {
            share.add(rows.eval().get(i), i, 0);
        }
        double loss = 0;
        for (LabelledStream stream : share.microBatches()) {
            loss += Backpropagation.lossSum(model.network(), stream);
        }
        double mean = workers.sum(new double[] {loss})[0] / share.targets;
        measure(step, "eval/loss", mean);
        measure(step, "eval/perplexity", Math.exp(mean));
    }

    private void answer(Prompts prompts, int step, List<Sample> samples) throws IOException {
        if (prompts.isEmpty()) {
            return;
        }
        List<Sample> own = prompts.answer(model.network(), step, workers.rank(), workers.size(), config.seed());
        samples.addAll(own);
        double exact = own.stream().filter(Sample::isExact).count();
        double asked = own.stream().filter(Sample::hasExpected).count();
        double[] sums = workers.sum(new double[] {exact, asked});
        if (sums[1] > 0) {
            measure(step, "eval/exact_match", sums[0] / sums[1]);
        }
    }
}
