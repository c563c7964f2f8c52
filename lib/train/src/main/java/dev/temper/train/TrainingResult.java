package dev.temper.train;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import dev.temper.train.objective.Evaluation;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * The result of training on one worker.
 *
 * @param metrics the same on every worker
 * @param samples answers to this worker's share of the prompts, before and after training
 * @param predictions of the saved model, if it is a classifier; otherwise empty
 * @param seconds total duration of the updates, without evaluation and checkpoints
 * @param tokens trained on, over all workers
 * @param memory of this worker's process
 * @param machine description of the machine, for people; empty if not determined
 * @param files bytes of each file of the model or adapter that this worker wrote, by location
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
     * How training ended. Steps are numbers of finished updates.
     *
     * @param steps number of updates
     * @param keptStep the update after which the model was saved
     * @param bestStep the update with the best evaluation; 0: it was not evaluated
     * @param bestValue value of {@code metric_for_best_model} then
     * @param stoppedEarly whether training ended before the planned number of updates
     * @param skippedSteps number of updates skipped because of a non-finite loss or gradient
     * @param halvings how often a worker halved its micro-batches because an allocation failed
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
     * @param planned peak by the memory plan; 0: nothing was planned
     * @param rows size of the memory-mapped files with the worker's rows
     * @param peak measured maximum; null where it cannot be measured
     */
    public record Memory(long planned, long rows, PeakMemory.Peak peak) implements Serializable {
        static final Memory UNKNOWN = new Memory(0, 0, null);
    }

    /** A copy with the memory of the process. */
    public TrainingResult with(Memory known) {
        return with(predictions, known, machine, files);
    }

    /** A copy with the description of the machine. */
    public TrainingResult on(String computer) {
        return with(predictions, memory, computer, files);
    }

    /** A copy with the files that this worker wrote. */
    public TrainingResult wrote(Map<String, Long> written) {
        return with(predictions, memory, machine, written);
    }

    /** A copy without what is the same on every worker, which only the first worker needs to send. */
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

    /** The result of an evaluation without training. */
    public static TrainingResult evaluated(
            List<Metric> metrics, List<Sample> samples, List<Evaluation.Prediction> predictions, long parameters) {
        Outcome nothing = new Outcome(0, 0, 0, Double.NaN, false, 0, 0);
        return new TrainingResult(
                metrics, samples, predictions, nothing, 0, 0, parameters, 0, Memory.UNKNOWN, "", Map.of());
    }
}
