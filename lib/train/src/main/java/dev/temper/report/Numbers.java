package dev.temper.report;

import java.util.Locale;

/** Formats numbers for people; undefined values are shown as a dash. */
final class Numbers {
    private Numbers() {}

    /** Integers with all digits; others with four digits after the point, or four significant digits if small. */
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
