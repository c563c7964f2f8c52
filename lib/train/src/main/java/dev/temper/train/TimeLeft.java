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
 * How long a run will still take, by how long its parts have taken: updates by their tokens, and what stands between
 * and behind them as long as it took last.
 */
final class TimeLeft {
    private static final int WINDOW = 50; // updates
    private static final int ENOUGH = 3; // updates, besides the first

    /** What takes time besides updates. */
    enum Part {
        EVALUATION,
        SAVING,
        ANSWERS
    }

    /** Something that takes time. */
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

    /** An update is done. The first one of a process is slow, and says nothing of those to come. */
    void updated(double seconds, long tokens) {
        if (isWarm) {
            updates.addLast(new Update(seconds, tokens));
        }
        isWarm = true;
        if (updates.size() > WINDOW) {
            updates.removeFirst();
        }
    }

    /** Does something, and keeps in mind how long it took. */
    <T> T measure(Part part, Work<T> work) throws IOException {
        long start = System.nanoTime();
        T result = work.run();
        took(part, (System.nanoTime() - start) / 1e9);
        return result;
    }

    void took(Part part, double seconds) {
        last.put(part, seconds);
    }

    /** Seconds of the last one; 0: there was none. */
    double last(Part part) {
        return last.getOrDefault(part, 0.0);
    }

    /** Seconds from the end of this update to the end of all; NaN before that can be known. */
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

    /** One is always made at the end. */
    private int evaluationsFrom(int step) {
        IntervalStrategy when = config.evalStrategy();
        int steps = plan.steps();
        boolean isLastDue = when.isDue(steps, config.evalSteps(), plan.stepsPerEpoch());
        return when.timesDue(step, steps, config.evalSteps(), plan.stepsPerEpoch()) + (isLastDue ? 0 : 1);
    }
}
