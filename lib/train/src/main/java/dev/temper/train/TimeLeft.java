package dev.temper.train;

import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.rows.BatchPlan;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;

/**
 * Estimates the remaining time of a run: updates by their tokens, and evaluations, checkpoints and generation by how
 * long each took last time.
 */
final class TimeLeft {
    private static final int WINDOW = 50; // number of updates over which the speed is measured
    private static final int ENOUGH = 3; // number of updates after the first one that an estimate needs

    /** What takes time besides updates. */
    enum Part {
        EVALUATION,
        SAVING,
        ANSWERS
    }

    /** Work whose duration is measured. */
    interface Work<T> {
        T run() throws IOException;
    }

    private record Update(double seconds, long tokens) {}

    private final TrainingConfig config;
    private final BatchPlan plan;
    private final boolean isEvaluated;
    private final double tokensPerUpdate;
    private final Deque<Update> updates = new ArrayDeque<>();
    private final Map<Part, Double> last = new EnumMap<>(Part.class);
    private boolean isWarm;

    TimeLeft(TrainingRows rows, TrainingConfig config, BatchPlan plan) {
        this.config = config;
        this.plan = plan;
        this.isEvaluated = rows.evaluated() > 0;
        this.tokensPerUpdate = Arrays.stream(rows.lengths()).asDoubleStream().sum() / plan.stepsPerEpoch();
    }

    /** Records an update. The first one of a process is slow and not representative, so it does not count. */
    void updated(double seconds, long tokens) {
        if (isWarm) {
            updates.addLast(new Update(seconds, tokens));
        }
        isWarm = true;
        if (updates.size() > WINDOW) {
            updates.removeFirst();
        }
    }

    /** Does some work and records its duration. */
    <T> T measure(Part part, Work<T> work) throws IOException {
        long start = System.nanoTime();
        T result = work.run();
        took(part, (System.nanoTime() - start) / 1e9);
        return result;
    }

    void took(Part part, double seconds) {
        last.put(part, seconds);
    }

    /** Duration of the last occurrence in seconds; 0 if there was none. */
    double last(Part part) {
        return last.getOrDefault(part, 0.0);
    }

    /** Seconds from the end of this update to the end of the run; NaN while it cannot be estimated. */
    double after(int step) {
        int updatesLeft = plan.steps() - step;
        int evaluations = isEvaluated ? evaluationsFrom(step) : 0;
        if ((updatesLeft > 0 && updates.size() < ENOUGH) || (evaluations > 0 && last(Part.EVALUATION) == 0)) {
            return Double.NaN;
        }
        double seconds = updates.stream().mapToDouble(Update::seconds).sum();
        double tokens = updates.stream().mapToLong(Update::tokens).sum();
        double training = updatesLeft == 0 ? 0 : updatesLeft * tokensPerUpdate * seconds / tokens;
        int saves = config.saveStrategy().timesDue(step, plan.steps(), config.saveSteps(), plan.stepsPerEpoch());
        return training + evaluations * last(Part.EVALUATION) + saves * last(Part.SAVING) + last(Part.ANSWERS);
    }

    /** Number of evaluations still due; there is always one at the end. */
    private int evaluationsFrom(int step) {
        IntervalStrategy when = config.evalStrategy();
        int steps = plan.steps();
        boolean isLastDue = when.isDue(steps, config.evalSteps(), plan.stepsPerEpoch());
        return when.timesDue(step, steps, config.evalSteps(), plan.stepsPerEpoch()) + (isLastDue ? 0 : 1);
    }
}
