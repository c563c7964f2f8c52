package dev.temper.train;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import java.io.Serializable;
import java.util.List;

/**
 * What one worker brings home.
 *
 * @param metrics the same on every worker
 * @param samples answers to this worker's share of the prompts, before and after
 * @param seconds of the updates alone
 * @param tokens in the updates, over all workers
 * @param skippedSteps updates left out for a non-finite gradient
 */
public record TrainingResult(
        List<Metric> metrics,
        List<Sample> samples,
        int steps,
        double seconds,
        long tokens,
        int skippedSteps,
        long totalParameters,
        long trainableParameters)
        implements Serializable {}
