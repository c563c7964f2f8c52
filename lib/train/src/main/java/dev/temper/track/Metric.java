package dev.temper.track;

import java.io.Serializable;
import java.time.Instant;

/**
 * A measured value.
 *
 * @param step number of finished updates when it was measured; 0 is before training
 * @param name such as {@code train/loss}
 */
public record Metric(long step, String name, double value, Instant time) implements Serializable {}
