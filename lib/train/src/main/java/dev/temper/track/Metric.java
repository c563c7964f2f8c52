package dev.temper.track;

import java.io.Serializable;
import java.time.Instant;

/**
 * One measured value.
 *
 * @param step finished updates when it was measured; 0 is before training
 * @param name as {@code train/loss}
 */
public record Metric(long step, String name, double value, Instant time) implements Serializable {}
