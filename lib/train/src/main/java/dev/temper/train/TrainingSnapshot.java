package dev.temper.train;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import java.util.List;

/**
 * A snapshot of a run in progress.
 *
 * @param step number of finished updates
 * @param steps number of planned updates
 * @param metrics everything measured so far
 * @param samples answers to the first worker's share of the prompts
 * @param seconds total duration of the updates, without evaluation and checkpoints
 * @param tokens trained on so far, over all workers
 */
public record TrainingSnapshot(
        int step, int steps, List<Metric> metrics, List<Sample> samples, double seconds, long tokens) {}
