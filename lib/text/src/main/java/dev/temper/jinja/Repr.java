package dev.temper.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Python's {@code repr}, which is also the text of everything but strings. */
final class Repr {
    private static final int MAX_INTEGER_DIGITS = 4300; // as in Python, so that printing is never quadratic
    private static final double MIN_PLAIN = 1e-4;
    private static final double MAX_PLAIN = 1e16;
    private static final int CERTAIN_DIGITS = 15; // so many digits always name a double uniquely
    private static final int MAX_DIGITS = 17;
    private static final double MIN_EXACT = 1e-290; // below it numbers lose digits

    private final RenderState state;
    private final StringBuilder out = new StringBuilder();

    private Repr(RenderState state) {
        this.state = state;
    }

    static String of(Object value, RenderState state) {
        if (value instanceof Long || value == None.NONE) {
            return value.toString();
        }
        if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        }
        if (value instanceof Double number) {
            return of(number);
        }
        Repr repr = new Repr(state);
        repr.write(value, 0);
        return repr.out.toString();
    }

    private void write(Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            state.nested(depth);
            append("{");
            String separator = "";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                append(separator);
                write(entry.getKey(), depth + 1);
                append(": ");
                write(entry.getValue(), depth + 1);
                separator = ", ";
            }
            append("}");
        } else if (value instanceof Range) {
            append(value.toString());
        } else if (value instanceof List<?> list) {
            boolean isTuple = value instanceof Tuple;
            append(isTuple ? "(" : "[");
            writeAll(list, depth);
            append(isTuple ? list.size() == 1 ? ",)" : ")" : "]");
        } else if (value instanceof String text) {
            append(quoted(text));
        } else {
            rare(value, depth);
        }
    }

    private void rare(Object value, int depth) {
        if (value instanceof Markup markup) {
            append("Markup(" + quoted(markup.text()) + ")");
        } else if (value instanceof BigInteger big) {
            append(integer(big));
        } else if (value instanceof Namespace namespace) {
            append("<Namespace ");
            write(namespace.attributes(), depth + 1);
            append(">");
        } else if (value instanceof DictView view) {
            append(view.type() + "([");
            writeAll(view.items(), depth);
            append("])");
        } else if (value instanceof Undefined) {
            append("Undefined");
        } else if (value instanceof Number || value instanceof Boolean || value == None.NONE) {
            append(of(value, state));
        } else {
            append(value instanceof LoopVariable ? value.toString() : "<" + Values.typeName(value) + ">");
        }
    }

    private void writeAll(List<?> list, int depth) {
        state.nested(depth);
        String separator = "";
        for (Object item : list) {
            append(separator);
            write(item, depth + 1);
            separator = ", ";
        }
    }

    private void append(String text) {
        state.append(out, text);
    }

    static String integer(BigInteger big) {
        // 2^(10/3) is just over 10: more bits cannot have fewer digits
        if (big.bitLength() / 3 > MAX_INTEGER_DIGITS * 10 / 9) {
            throw TemplateException.limit(MAX_INTEGER_DIGITS + " digits of an integer");
        }
        String digits = big.toString();
        if (digits.length() - (big.signum() < 0 ? 1 : 0) > MAX_INTEGER_DIGITS) {
            throw TemplateException.limit(MAX_INTEGER_DIGITS + " digits of an integer");
        }
        return digits;
    }

    /** The shortest text that reads back as this number. */
    static String of(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(number);
        if (size == 0) {
            return 1 / number < 0 ? "-0.0" : "0.0";
        }
        BigDecimal decimal = shortest(number);
        if (size >= MIN_PLAIN && size < MAX_PLAIN) {
            String plain = decimal.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = decimal.precision() - decimal.scale() - 1;
        return (number < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    /** Java 17 prints some numbers with more digits than it takes; so longer ones are tried shorter. */
    private static BigDecimal shortest(double number) {
        BigDecimal printed = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        boolean isTiny = Math.abs(number) < MIN_EXACT;
        if (printed.precision() <= CERTAIN_DIGITS && !isTiny) {
            return printed;
        }
        BigDecimal exact = new BigDecimal(number);
        for (int digits = isTiny ? 1 : CERTAIN_DIGITS; digits < MAX_DIGITS; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == number) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(MAX_DIGITS, RoundingMode.HALF_EVEN)).stripTrailingZeros();
    }

    private String quoted(String text) {
        state.scan(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder quoted = new StringBuilder(text.length() + 2).append(quote);
        text.codePoints().forEach(point -> appendQuoted(quoted, point, quote));
        return quoted.append(quote).toString();
    }

    private static void appendQuoted(StringBuilder quoted, int point, char quote) {
        if (point == quote || point == '\\') {
            quoted.append('\\').append((char) point);
        } else if (point == '\n') {
            quoted.append("\\n");
        } else if (point == '\r') {
            quoted.append("\\r");
        } else if (point == '\t') {
            quoted.append("\\t");
        } else if (isPrintable(point)) {
            quoted.appendCodePoint(point);
        } else {
            String format = point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x";
            quoted.append(String.format(Locale.ROOT, format, point));
        }
    }

    static boolean isPrintable(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> point == ' ';
            default -> true;
        };
    }
}
