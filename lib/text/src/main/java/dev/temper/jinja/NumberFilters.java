package dev.temper.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Pattern;

/** Filters that make or change numbers. */
final class NumberFilters {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\p{Nd}++(?:_\\p{Nd}++)*+");
    private static final Pattern FLOAT = Pattern.compile(
            "[+-]?(?:(?:\\d++(?:_\\d++)*+\\.?(?:\\d++(?:_\\d++)*+)?|\\.\\d++(?:_\\d++)*+)(?:[eE][+-]?\\d++)?"
                    + "|inf(?:inity)?|nan)",
            Pattern.CASE_INSENSITIVE);
    private static final int MAX_DIGITS = 4300;

    private NumberFilters() {}

    static Object toInt(RenderState state, Object value, Object[] arguments) {
        Object absent = Filters.orElse(arguments[0], 0L);
        if (Values.isText(value)) {
            int base = Values.requireSize(Filters.orElse(arguments[1], 10L));
            state.scan(value.toString().length());
            Object parsed = parseInt(value.toString(), base);
            Double real = parsed == null ? parseFloat(value.toString()) : null;
            if (real != null && !real.isInfinite() && !real.isNaN()) {
                parsed = Numbers.truncate(real);
            }
            return parsed == null ? absent : parsed;
        }
        Undefined.refuse(value);
        if (value instanceof Double number) {
            return number.isNaN() ? absent : Numbers.truncate(number);
        }
        return Numbers.isInteger(value) ? Numbers.normal(Numbers.big(value)) : absent;
    }

    /** Null when the text is no integer of this base. */
    private static Object parseInt(String raw, int base) {
        String text = Text.strip(raw, null, Text.Side.BOTH);
        if (text.length() > MAX_DIGITS) {
            return null;
        }
        if (base == 10) {
            return INTEGER.matcher(text).matches() ? Numbers.normal(new BigInteger(text.replace("_", ""))) : null;
        }
        String sign = text.startsWith("-") ? "-" : "";
        String digits = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        String prefix = digits.length() < 2 ? "" : digits.substring(0, 2).toLowerCase(Locale.ROOT);
        int prefixed = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : prefix.equals("0b") ? 2 : 0;
        int actual = base == 0 ? (prefixed == 0 ? 10 : prefixed) : base;
        if (prefixed == actual) {
            digits = digits.substring(2);
        }
        boolean isValid = actual >= Character.MIN_RADIX
                && actual <= Character.MAX_RADIX
                && !digits.isEmpty()
                && digits.chars().allMatch(c -> Character.digit(c, actual) >= 0);
        return isValid ? Numbers.normal(new BigInteger(sign + digits, actual)) : null;
    }

    /** Null when the text is no number. */
    private static Double parseFloat(String raw) {
        String text = Text.strip(raw, null, Text.Side.BOTH);
        if (!FLOAT.matcher(text).matches()) {
            return null;
        }
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.endsWith("nan")) {
            return Double.NaN;
        }
        if (lower.contains("inf")) {
            return lower.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.valueOf(lower.replace("_", ""));
    }

    static Object toFloat(RenderState state, Object value, Object[] arguments) {
        Object absent = Filters.orElse(arguments[0], 0.0);
        if (Values.isText(value)) {
            state.scan(value.toString().length());
            Double parsed = parseFloat(value.toString());
            return parsed == null ? absent : parsed;
        }
        Undefined.refuse(value);
        return Numbers.isNumber(value) ? Numbers.real(value) : absent;
    }

    static Object abs(Object value) {
        if (!Numbers.isNumber(value)) {
            throw TemplateException.type("bad operand type for abs(): '%s'", Values.typeName(value));
        }
        return Numbers.isInteger(value)
                ? Numbers.normal(Numbers.big(value).abs())
                : (Object) Math.abs(Numbers.real(value));
    }

    static Object round(RenderState state, Object value, Object[] arguments) {
        Object precision = Filters.orElse(arguments[0], 0L);
        Object method = Filters.orElse(arguments[1], "common");
        if (method.equals("common")) {
            return Numbers.round(value, precision);
        }
        if (!method.equals("ceil") && !method.equals("floor")) {
            throw TemplateException.type("method must be common, ceil or floor");
        }
        if (!Numbers.isNumber(value)) {
            throw TemplateException.type("must be real number, not %s", Values.typeName(value));
        }
        Object scale = Numbers.power(10L, precision);
        Object scaled = Numbers.multiply(value, scale);
        if (Numbers.isInteger(scaled)) {
            return Numbers.divide(scaled, scale);
        }
        double real = (Double) scaled;
        return Numbers.divide(Numbers.truncate(method.equals("ceil") ? Math.ceil(real) : Math.floor(real)), scale);
    }

    static Object fileSize(RenderState state, Object value, Object[] arguments) {
        Double parsed = Values.isText(value) ? parseFloat(value.toString()) : null;
        if (parsed == null && !Numbers.isNumber(value)) {
            Undefined.refuse(value);
            throw TemplateException.type("could not convert %s to float", Values.typeName(value));
        }
        double bytes = parsed == null ? Numbers.real(value) : parsed;
        boolean isBinary = Filters.isSet(arguments[0]);
        int base = isBinary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return Values.text(Numbers.truncate(bytes), state) + " Bytes";
        }
        String units = "kMGTPEZY";
        double unit = base;
        int i = 0;
        while (i < units.length() - 1 && bytes >= unit * base) {
            unit *= base;
            i++;
        }
        double size = BigDecimal.valueOf(base).doubleValue() * bytes / (unit * base);
        String prefix = units.substring(i, i + 1);
        return NumberText.real(size, 'f', 1, false) + " "
                + (isBinary ? prefix.toUpperCase(Locale.ROOT) + "iB" : prefix + "B");
    }
}
