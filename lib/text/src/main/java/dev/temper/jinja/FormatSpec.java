package dev.temper.jinja;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What stands behind the colon in {@code '{:>8.2f}'}. */
record FormatSpec(
        String fill, char align, char sign, boolean isAlternate, int width, String grouping, int precision, char type) {
    private static final Pattern SYNTAX =
            Pattern.compile("(?s)(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([a-zA-Z%])?");
    private static final char NONE = 0;

    static String format(RenderState state, Object value, String spec) {
        if (spec.isEmpty()) {
            return Values.text(value, state);
        }
        FormatSpec parsed = parse(spec, value);
        if (Values.isText(value)) {
            return parsed.text(state, value.toString());
        }
        if (Numbers.isInteger(value) && "eEfFgG%".indexOf(parsed.type) < 0) {
            return parsed.integer(state, Numbers.big(value));
        }
        if (Numbers.isNumber(value)) {
            return parsed.real(state, Numbers.real(value));
        }
        throw TemplateException.type("unsupported format string for %s", Values.typeName(value));
    }

    private static FormatSpec parse(String spec, Object value) {
        // A fill beyond the 16 bits of a Java character is the one thing the pattern cannot see as one.
        int point = spec.codePointAt(0);
        String fill = Character.toString(point);
        Matcher matcher = SYNTAX.matcher(fill.length() > 1 ? " " + spec.substring(fill.length()) : spec);
        if (!matcher.matches()) {
            throw TemplateException.type("invalid format specifier '%s'", spec);
        }
        boolean hasZero = matcher.group(5) != null;
        String align = matcher.group(2);
        String usual = Numbers.isNumber(value) ? ">" : "<";
        String chosen = align != null ? align : hasZero && Numbers.isNumber(value) ? "=" : usual;
        String given = matcher.group(1) == null ? null : fill.length() > 1 ? fill : matcher.group(1);
        return new FormatSpec(
                given != null ? given : hasZero ? "0" : " ",
                chosen.charAt(0),
                matcher.group(3) == null ? '-' : matcher.group(3).charAt(0),
                matcher.group(4) != null,
                matcher.group(6) == null ? 0 : Integer.parseInt(matcher.group(6)),
                matcher.group(7) == null ? "" : matcher.group(7),
                matcher.group(8) == null ? -1 : Integer.parseInt(matcher.group(8)),
                matcher.group(9) == null ? NONE : matcher.group(9).charAt(0));
    }

    private String text(RenderState state, String text) {
        if ((type != 's' && type != NONE) || align == '=' || sign != '-' || isAlternate || !grouping.isEmpty()) {
            throw TemplateException.type("this format specifier is not for strings");
        }
        String cut =
                precision < 0 || precision >= Text.length(text) ? text : text.substring(0, Text.unit(text, precision));
        return pad(state, "", cut);
    }

    private String integer(RenderState state, BigInteger number) {
        char notation = type == NONE || type == 'n' ? 'd' : type;
        if ("dboxXc".indexOf(notation) < 0 || precision >= 0) {
            throw TemplateException.type("this format specifier is not for integers");
        }
        if (notation == 'c') {
            return pad(state, "", Character.toString(Values.requireSize(Numbers.normal(number))));
        }
        String digits = NumberText.integer(number.abs(), notation);
        String prefix = isAlternate ? NumberText.prefix(notation) : "";
        return pad(state, sign(number.signum() < 0) + prefix, grouped(digits, notation == 'd' ? 3 : 4));
    }

    private String real(RenderState state, double number) {
        boolean isNegative = number < 0 || (number == 0 && 1 / number < 0);
        double size = Math.abs(number);
        String text =
                switch (type) {
                    case NONE -> precision < 0 ? Repr.of(size) : shortened(size);
                    case '%' -> NumberText.real(size * 100, 'f', precision < 0 ? 6 : precision, isAlternate) + "%";
                    case 'e', 'E', 'f', 'F', 'g', 'G' -> NumberText.real(
                            size, type, precision < 0 ? 6 : precision, isAlternate);
                    case 'n' -> NumberText.real(size, 'g', precision < 0 ? 6 : precision, isAlternate);
                    default -> throw TemplateException.type("unknown format code '%s' for float", type);
                };
        int end = 0;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        return pad(state, sign(isNegative), grouped(text.substring(0, end), 3) + text.substring(end));
    }

    /** Without a type: like {@code g}, but a number stays recognisable as a float. */
    private String shortened(double size) {
        String text = NumberText.real(size, 'g', precision, isAlternate);
        boolean isWhole = text.chars().allMatch(Character::isDigit);
        if (isWhole && text.length() >= Math.max(1, precision)) {
            return NumberText.real(size, 'e', Math.max(0, precision - 1), isAlternate)
                    .replaceFirst("\\.?0*e", "e");
        }
        return isWhole ? text + ".0" : text;
    }

    private String sign(boolean isNegative) {
        return isNegative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    private String grouped(String digits, int size) {
        if (grouping.isEmpty()) {
            return digits;
        }
        StringBuilder grouped = new StringBuilder(digits);
        for (int i = digits.length() - size; i > 0; i -= size) {
            grouped.insert(i, grouping);
        }
        return grouped.toString();
    }

    private String pad(RenderState state, String sign, String text) {
        if (align == '=') {
            return sign + Padding.pad(state, text, width - sign.length(), fill, '>');
        }
        String whole = sign + text;
        if (align != '^') {
            return Padding.pad(state, whole, width, fill, align);
        }
        int missing = Math.max(0, width - Text.length(whole)); // unlike center(), the odd one goes to the right
        String left = Padding.pad(state, whole, Text.length(whole) + missing / 2, fill, '>');
        return Padding.pad(state, left, width, fill, '<');
    }
}
