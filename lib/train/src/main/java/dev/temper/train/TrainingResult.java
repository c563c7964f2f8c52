package dev.temper.train;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import dev.temper.train.objective.Evaluation;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * What one worker brings home.
 *
 * @param metrics the same on every worker
 * @param samples answers to this worker's share of the prompts, before and after
 * @param predictions of the model that is kept; empty unless it is a classifier
 * @param seconds of the updates alone
 * @param tokens in the updates, over all workers
 * @param memory of this worker's process
 * @param machine that this worker computed on, for people; empty where nobody looked
 * @param files bytes of each file of the model or adapter that it wrote, by location
 */
public record TrainingResult(
        List<Metric> metrics,
        List<Sample> samples,
        List<Evaluation.Prediction> predictions,
        Outcome outcome,
        double seconds,
        long tokens,
        long totalParameters,
        long trainableParameters,
        Memory memory,
        String machine,
        Map<String, Long> files)
        implements Serializable {
    public TrainingResult {
        files = Map.copyOf(files);
    }

    /**
     * How training ended; steps are finished updates.
     *
     * @param steps how many there were
     * @param keptStep after which of them the model was as it is kept
     * @param bestStep after which of them it was evaluated best; 0: it was not evaluated
     * @param bestValue what {@code metric_for_best_model} was then
     * @param stoppedEarly whether more were planned
     * @param skippedSteps updates left out for a non-finite gradient
     * @param halvings how often a worker found no memory and took smaller micro-batches from then on
     */
    public record Outcome(
            int steps,
            int keptStep,
            int bestStep,
            double bestValue,
            boolean stoppedEarly,
            int skippedSteps,
            int halvings)
            implements Serializable {}

    /**
     * Memory of a process, in bytes.
     *
     * @param planned what it was planned to hold at most; 0: nothing was planned
     * @param rows files of the worker's rows, which are mapped
     * @param peak what was seen; null where nothing can be seen
     */
    public record Memory(long planned, long rows, PeakMemory.Peak peak) implements Serializable {
        static final Memory UNKNOWN = new Memory(0, 0, null);
    }

    /** The same with what is known of its memory. */
    public TrainingResult with(Memory known) {
        return with(predictions, known, machine, files);
    }

    /** The same with where it was computed. */
    public TrainingResult on(String computer) {
        return with(predictions, memory, computer, files);
    }

    /** The same with the files that it wrote. */
    public TrainingResult wrote(Map<String, Long> written) {
        return with(predictions, memory, machine, written);
    }

    /** As a worker other than the first brings it home: what is the same on every worker need not travel again. */
    public TrainingResult withoutPredictions() {
        return with(List.of(), memory, machine, files);
    }

    private TrainingResult with(
            List<Evaluation.Prediction> kept, Memory known, String computer, Map<String, Long> written) {
        return new TrainingResult(
                metrics,
                samples,
                kept,
                outcome,
                seconds,
                tokens,
                totalParameters,
                trainableParameters,
                known,
                computer,
                written);
    }

    /** Of a model that was not trained. */
    public static TrainingResult evaluated(
            List<Metric> metrics, List<Sample> samples, List<Evaluation.Prediction> predictions, long parameters) {
        Outcome nothing = new Outcome(0, 0, 0, Double.NaN, false, 0, 0);
        return new TrainingResult(
                metrics, samples, predictions, nothing, 0, 0, parameters, 0, Memory.UNKNOWN, "", Map.of());
    }
}
