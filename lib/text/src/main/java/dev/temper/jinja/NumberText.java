package dev.temper.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Digits of numbers as {@code %} and {@code format} write them; without sign, which the caller adds. */
final class NumberText {
    private static final int MAX_PRECISION = 1000;

    private NumberText() {}

    /**
     * A finite or infinite size in one of the notations {@code e f g}, or their capitals.
     *
     * @param isAlternate keeps the point and, for {@code g}, zeros at the end
     */
    static String real(double size, char notation, int precision, boolean isAlternate) {
        if (precision > MAX_PRECISION) {
            throw TemplateException.limit(MAX_PRECISION + " digits after the point");
        }
        String text;
        if (Double.isNaN(size) || Double.isInfinite(size)) {
            text = Double.isNaN(size) ? "nan" : "inf";
        } else {
            text = switch (Character.toLowerCase(notation)) {
                case 'e' -> scientific(size, precision, isAlternate);
                case 'g' -> general(size, Math.max(1, precision), isAlternate);
                default -> fixed(size, precision, isAlternate);
            };
        }
        return Character.isUpperCase(notation) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String fixed(double size, int precision, boolean isAlternate) {
        String digits =
                new BigDecimal(size).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
        return isAlternate && precision == 0 ? digits + "." : digits;
    }

    private static String scientific(double size, int precision, boolean isAlternate) {
        BigDecimal rounded = new BigDecimal(size).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = size == 0 ? 0 : digits.length() - 1 - rounded.scale();
        String padded = (digits + "0".repeat(precision + 1)).substring(0, precision + 1);
        return point(padded.substring(0, 1), padded.substring(1), isAlternate) + exponent(exponent);
    }

    private static String point(String before, String after, boolean isAlternate) {
        return after.isEmpty() && !isAlternate ? before : before + "." + after;
    }

    private static String exponent(int exponent) {
        return String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    private static String general(double size, int precision, boolean isAlternate) {
        BigDecimal rounded = new BigDecimal(size).round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = size == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= precision) {
            String text = scientific(size, precision - 1, isAlternate);
            int e = text.indexOf('e');
            return (isAlternate ? text.substring(0, e) : withoutZeros(text.substring(0, e))) + text.substring(e);
        }
        String text = fixed(size, precision - 1 - exponent, isAlternate);
        return isAlternate ? text : withoutZeros(text);
    }

    private static String withoutZeros(String digits) {
        if (digits.indexOf('.') < 0) {
            return digits;
        }
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
    }

    /** An integer's size in one of {@code d b o x X}. */
    static String integer(BigInteger size, char notation) {
        return switch (notation) {
            case 'b' -> size.toString(2);
            case 'o' -> size.toString(8);
            case 'x' -> size.toString(16);
            case 'X' -> size.toString(16).toUpperCase(Locale.ROOT);
            default -> Repr.integer(size);
        };
    }

    static String prefix(char notation) {
        return switch (notation) {
            case 'b' -> "0b";
            case 'o' -> "0o";
            case 'x' -> "0x";
            case 'X' -> "0X";
            default -> "";
        };
    }
}
