package dev.temper.report;

import java.util.Locale;

/** Numbers as people read them; what is undefined shows as a dash. */
final class Numbers {
    private Numbers() {}

    /**
     * Whole numbers in full, others with four digits after the point, or four significant ones where they are small.
     */
    static String shown(Number number) {
        double value = number.doubleValue();
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "–" : value > 0 ? "∞" : "-∞";
        }
        if (number instanceof Long || number instanceof Integer) {
            return String.format(Locale.ROOT, "%,d", number.longValue());
        }
        boolean isSmall = value != 0 && Math.abs(value) < 0.01;
        return String.format(Locale.ROOT, isSmall ? "%.3e" : "%,.4f", value);
    }
}
