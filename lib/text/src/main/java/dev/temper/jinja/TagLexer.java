package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tokens of one tag, up to its closing delimiter. */
final class TagLexer {
    private static final Pattern FLOAT =
            Pattern.compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*+|0(?:_?0)*+");
    private static final String SINGLE = "+-/*%~[](){}><=.:|,;";
    private static final List<String> DOUBLE = List.of("//", "**", "==", "!=", ">=", "<=");

    private final Source source;
    private final String text;
    private final List<Token> tokens;
    private final Deque<Character> open = new ArrayDeque<>();

    TagLexer(Source source, List<Token> tokens) {
        this.source = source;
        this.text = source.text();
        this.tokens = tokens;
    }

    /** Returns the position of the closing delimiter, or of the sign before it. */
    int run(int from, String close) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (open.isEmpty() && isEnd(i, close)) {
                return i;
            }
            i = Text.isSpace(c) ? i + 1 : token(i, c);
        }
        throw source.syntaxError(text.length(), "unexpected end of template, expected '" + close + "'");
    }

    private boolean isEnd(int i, String close) {
        char c = text.charAt(i);
        return text.startsWith(close, i)
                || (text.startsWith(close, i + 1) && (c == '-' || (c == '+' && close.equals("%}"))));
    }

    private int token(int i, char c) {
        if (c == '\'' || c == '"') {
            return string(i, c);
        }
        if (c >= '0' && c <= '9') {
            return number(i);
        }
        int point = text.codePointAt(i);
        if (Character.isUnicodeIdentifierStart(point) || c == '_') {
            int end = i;
            while (end < text.length() && isNamePart(text.codePointAt(end))) {
                end += Character.charCount(text.codePointAt(end));
            }
            return add(Kind.NAME, text.substring(i, end), i, end);
        }
        return operator(i, c);
    }

    private static boolean isNamePart(int point) {
        return point == '_' || (Character.isUnicodeIdentifierPart(point) && !Character.isIdentifierIgnorable(point));
    }

    private int number(int i) {
        boolean afterDot = i > 0 && text.charAt(i - 1) == '.';
        Matcher number = FLOAT.matcher(text).region(i, text.length());
        if (!afterDot && number.lookingAt()) {
            return add(Kind.FLOAT, number.group().replace("_", ""), i, number.end());
        }
        number = INTEGER.matcher(text).region(i, text.length());
        if (!number.lookingAt()) {
            throw source.syntaxError(i, "unexpected char '" + text.charAt(i) + "'");
        }
        return add(Kind.INTEGER, number.group().replace("_", ""), i, number.end());
    }

    private int operator(int i, char c) {
        for (String operator : DOUBLE) {
            if (text.startsWith(operator, i)) {
                return add(Kind.OPERATOR, operator, i, i + 2);
            }
        }
        if (SINGLE.indexOf(c) < 0) {
            throw source.syntaxError(i, "unexpected char '" + Character.toString(text.codePointAt(i)) + "'");
        }
        int bracket = "([{".indexOf(c);
        if (bracket >= 0) {
            open.push(")]}".charAt(bracket));
        } else if (")]}".indexOf(c) >= 0) {
            if (open.isEmpty()) {
                throw source.syntaxError(i, "unexpected '" + c + "'");
            }
            char expected = open.pop();
            if (expected != c) {
                throw source.syntaxError(i, "unexpected '" + c + "', expected '" + expected + "'");
            }
        }
        return add(Kind.OPERATOR, String.valueOf(c), i, i + 1);
    }

    private int string(int start, char quote) {
        StringBuilder value = new StringBuilder();
        for (int i = start + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == quote) {
                return add(Kind.STRING, value.toString(), start, i + 1);
            }
            if (c == '\\' && i + 1 < text.length()) {
                i = escape(i + 1, value);
            } else {
                value.append(c);
            }
        }
        throw source.syntaxError(start, "this string is never closed");
    }

    /**
     * Decodes one of Python's escapes, {@code i} being after the backslash; returns the index of its last character.
     */
    private int escape(int i, StringBuilder value) {
        char c = text.charAt(i);
        int simple = "abfnrtv\\'\"".indexOf(c);
        if (simple >= 0) {
            value.append("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple));
            return i;
        }
        if (c == '\n') {
            return i;
        }
        if (c >= '0' && c <= '7') {
            int end = i;
            while (end < Math.min(i + 3, text.length()) && "01234567".indexOf(text.charAt(end)) >= 0) {
                end++;
            }
            value.append((char) Integer.parseInt(text.substring(i, end), 8));
            return end - 1;
        }
        return switch (c) {
            case 'x' -> hexadecimal(i, 2, value);
            case 'u' -> hexadecimal(i, 4, value);
            case 'U' -> hexadecimal(i, 8, value);
            case 'N' -> named(i, value);
            default -> {
                value.append('\\').append(c);
                yield i;
            }
        };
    }

    private int hexadecimal(int i, int length, StringBuilder value) {
        int end = i + 1 + length;
        try {
            value.appendCodePoint(Integer.parseUnsignedInt(text.substring(i + 1, end), 16));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw source.syntaxError(i - 1, "this escape needs " + length + " hexadecimal digits of a character");
        }
        return end - 1;
    }

    private int named(int i, StringBuilder value) {
        int end = text.indexOf('}', i);
        try {
            value.appendCodePoint(Character.codePointOf(text.substring(i + 2, end)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw source.syntaxError(i - 1, "unknown character name in this escape");
        }
        return end;
    }

    private int add(Kind kind, String value, int start, int end) {
        tokens.add(new Token(kind, value, start));
        return end;
    }
}
