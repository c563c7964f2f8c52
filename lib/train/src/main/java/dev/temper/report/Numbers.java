package dev.temper.report;

import dev.temper.eval.PerClass;
import java.util.List;
import java.util.Locale;

/** Formats numbers for people; undefined values are shown as a dash. */
final class Numbers {
    static final List<String> CLASS_HEADERS =
            List.of("class", "precision", "recall", "specificity", "f1", "roc_auc", "support");

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

    /** The number that is shown so. */
    static double read(String shown) {
        return switch (shown) {
            case "–" -> Double.NaN;
            case "∞" -> Double.POSITIVE_INFINITY;
            case "-∞" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(shown.replace(",", ""));
        };
    }

    /** The cells under {@link #CLASS_HEADERS}. */
    static List<String> row(PerClass one) {
        return List.of(
                one.label(),
                shown(one.precision()),
                shown(one.recall()),
                shown(one.specificity()),
                shown(one.f1()),
                shown(one.rocAuc()),
                shown(one.support()));
    }
}
