package dev.temper.eval;

/**
 * A point of the one-vs-rest ROC curve of a class.
 *
 * @param threshold rows whose probability of {@code label} is at least this are predicted as {@code label}; infinite at
 *     the first point of a curve
 */
public record RocPoint(String label, double threshold, double falsePositiveRate, double truePositiveRate) {}
