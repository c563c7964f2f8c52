package dev.temper.train;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import java.util.List;

/**
 * How a run stands.
 *
 * @param step finished updates
 * @param steps that are planned
 * @param metrics all that were measured
 * @param samples answers to the first worker's share of the prompts
 * @param seconds of the updates alone
 * @param tokens trained on, over all workers
 */
public record Standing(int step, int steps, List<Metric> metrics, List<Sample> samples, double seconds, long tokens) {}
