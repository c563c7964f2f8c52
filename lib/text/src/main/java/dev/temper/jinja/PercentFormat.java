package dev.temper.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Python's {@code format % arguments}. */
final class PercentFormat {
    private final RenderState state;
    private final String format;
    private final Object argument;
    private final List<?> arguments;
    private final StringBuilder out = new StringBuilder();
    private int position = 0;
    private int used = 0;

    private PercentFormat(RenderState state, String format, Object argument) {
        this.state = state;
        this.format = format;
        this.argument = argument;
        this.arguments = argument instanceof Tuple tuple ? tuple : List.of(argument);
    }

    static String format(RenderState state, String format, Object argument) {
        PercentFormat run = new PercentFormat(state, format, argument);
        run.run();
        return run.out.toString();
    }

    private void run() {
        state.scan(format.length());
        while (true) {
            int percent = format.indexOf('%', position);
            if (percent < 0) {
                state.append(out, format.substring(position));
                break;
            }
            state.append(out, format.substring(position, percent));
            position = percent + 1;
            directive();
        }
        boolean isMapping = argument instanceof Map || Values.isList(argument) || argument instanceof Undefined;
        if (used < arguments.size() && !isMapping) {
            throw TemplateException.type("not all arguments converted during string formatting");
        }
    }

    private void directive() {
        Object named = null;
        if (peek() == '(') {
            named = named();
        }
        StringBuilder flags = new StringBuilder();
        while ("#0- +".indexOf(peek()) >= 0) {
            flags.append(next());
        }
        int width = size();
        if (width < 0) {
            flags.append('-');
            width = -width;
        }
        int precision = -1;
        if (peek() == '.') {
            position++;
            precision = Math.max(0, size());
        }
        if ("hlL".indexOf(peek()) >= 0) {
            position++;
        }
        char conversion = next();
        if (conversion == '%') {
            state.append(out, "%");
            return;
        }
        Object value = named == null ? argument() : named;
        append(flags.toString(), width, convert(value, conversion, flags.toString(), precision));
    }

    private Object named() {
        int end = format.indexOf(')', position);
        if (!(argument instanceof Map<?, ?> map) || end < 0) {
            throw TemplateException.type("format requires a mapping");
        }
        String name = format.substring(position + 1, end);
        position = end + 1;
        Object value = map.get(name);
        if (value == null) {
            throw TemplateException.type("the format's mapping has no '%s'", name);
        }
        used = 1;
        return value;
    }

    private char peek() {
        if (position >= format.length()) {
            throw TemplateException.type("incomplete format");
        }
        return format.charAt(position);
    }

    private char next() {
        char c = peek();
        position++;
        return c;
    }

    private int size() {
        if (peek() == '*') {
            position++;
            return Values.requireSize(argument());
        }
        long size = 0;
        while (peek() >= '0' && peek() <= '9') {
            size = Math.min(Integer.MAX_VALUE, size * 10 + (next() - '0'));
        }
        return (int) size;
    }

    private Object argument() {
        if (used >= arguments.size()) {
            throw TemplateException.type("not enough arguments for format string");
        }
        return arguments.get(used++);
    }

    /** A sign or prefix, and the rest: zeros go between them. */
    private record Piece(String sign, String text, boolean isNumber) {}

    private Piece convert(Object value, char conversion, String flags, int precision) {
        return switch (conversion) {
            case 's' -> cut(Values.text(value, state), precision);
            case 'r', 'a' -> cut(Repr.of(value, state), precision);
            case 'c' -> new Piece("", character(value), false);
            case 'd', 'i', 'u', 'o', 'x', 'X' -> integer(value, conversion, flags, precision);
            case 'e', 'E', 'f', 'F', 'g', 'G' -> real(value, conversion, flags, precision < 0 ? 6 : precision);
            default -> throw TemplateException.type("unsupported format character '%s'", conversion);
        };
    }

    private static Piece cut(String text, int precision) {
        return new Piece(
                "",
                precision < 0 || precision >= Text.length(text) ? text : text.substring(0, Text.unit(text, precision)),
                false);
    }

    private static String character(Object value) {
        if (Numbers.isInteger(value)) {
            int point = Values.requireSize(value);
            if (Character.isValidCodePoint(point)) {
                return Character.toString(point);
            }
        } else if (Values.isText(value) && Text.length(value.toString()) == 1) {
            return value.toString();
        }
        throw TemplateException.type("%%c requires int or char");
    }

    private static Piece integer(Object value, char conversion, String flags, int precision) {
        boolean isDecimal = "diu".indexOf(conversion) >= 0;
        if (!Numbers.isNumber(value) || (!isDecimal && !Numbers.isInteger(value))) {
            Undefined.refuse(value);
            throw TemplateException.type(
                    "%%%s format: a number is required, not %s", conversion, Values.typeName(value));
        }
        BigInteger number = Numbers.big(Numbers.isInteger(value) ? value : Numbers.truncate((Double) value));
        String digits = NumberText.integer(number.abs(), isDecimal ? 'd' : conversion);
        if (precision > digits.length()) {
            if (precision > 1000) {
                throw TemplateException.limit("1000 digits");
            }
            digits = "0".repeat(precision - digits.length()) + digits;
        }
        String prefix = flags.indexOf('#') >= 0 && !isDecimal ? NumberText.prefix(conversion) : "";
        return new Piece(sign(number.signum() < 0, flags) + prefix, digits, true);
    }

    private static Piece real(Object value, char conversion, String flags, int precision) {
        if (!Numbers.isNumber(value)) {
            Undefined.refuse(value);
            throw TemplateException.type("must be real number, not %s", Values.typeName(value));
        }
        double number = Numbers.real(value);
        String text = NumberText.real(Math.abs(number), conversion, precision, flags.indexOf('#') >= 0);
        boolean isNegative = number < 0 || (number == 0 && 1 / number < 0);
        return new Piece(sign(isNegative, flags), text, true);
    }

    private static String sign(boolean isNegative, String flags) {
        return isNegative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    }

    private void append(String flags, int width, Piece piece) {
        boolean isLeft = flags.indexOf('-') >= 0;
        if (piece.isNumber() && !isLeft && flags.indexOf('0') >= 0) {
            int digits = Math.max(0, width - piece.sign().length());
            state.append(out, piece.sign() + Padding.pad(state, piece.text(), digits, "0", '>'));
        } else {
            state.append(out, Padding.pad(state, piece.sign() + piece.text(), width, " ", isLeft ? '<' : '>'));
        }
    }
}
