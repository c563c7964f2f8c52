package dev.temper.eval;

/**
 * Scores of one class against the rest.
 *
 * @param specificity {@code NaN} when all rows are of this class
 * @param rocAuc {@code NaN} when no row or every row is of this class
 * @param support number of rows of this class
 */
public record PerClass(
        String label, double precision, double recall, double specificity, double f1, double rocAuc, long support) {}
