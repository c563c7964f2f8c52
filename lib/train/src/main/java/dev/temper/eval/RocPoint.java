package dev.temper.eval;

/**
 * A point of a class's ROC curve, the class against the rest.
 *
 * @param threshold rows whose probability of {@code label} is at least this count as {@code label}; the first of a
 *     curve is infinite
 */
public record RocPoint(String label, double threshold, double falsePositiveRate, double truePositiveRate) {}
