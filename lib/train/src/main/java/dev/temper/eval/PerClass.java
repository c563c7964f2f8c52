package dev.temper.eval;

/**
 * How well one class is told from the rest.
 *
 * @param specificity {@code NaN} when all rows are of this class
 * @param rocAuc {@code NaN} when no row or every row is of this class
 * @param support rows of this class
 */
public record PerClass(
        String label, double precision, double recall, double specificity, double f1, double rocAuc, long support) {}
