package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks}: the newline after a block tag and
 * the blanks before it on its line are not part of the text.
 */
final class Lexer {
    private static final Pattern RAW_BEGIN = Pattern.compile("[-+]?\\s*raw\\s*(-?)%\\}");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");

    private final Source source;
    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int position = 0;
    private boolean lineStarts = true;

    private Lexer(Source source) {
        this.source = source;
        this.text = source.text();
    }

    static List<Token> tokens(Source source) {
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (position < text.length()) {
            int tag = nextTag(position);
            if (tag < 0) {
                add(Kind.DATA, text.substring(position), position);
                break;
            }
            char kind = text.charAt(tag + 1);
            data(tag, tag + 2, kind != '{');
            if (kind == '#') {
                comment(tag);
            } else if (kind == '{' || !raw(tag)) {
                tag(tag, kind == '{');
            }
        }
        add(Kind.END, "", text.length());
    }

    private int nextTag(int from) {
        for (int i = text.indexOf('{', from); i >= 0 && i + 1 < text.length(); i = text.indexOf('{', i + 1)) {
            char next = text.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    /** The text before a tag; {@code mark} is where a sign that governs whitespace would stand. */
    private void data(int tag, int mark, boolean isBlock) {
        String before = text.substring(position, tag);
        char sign = mark < text.length() ? text.charAt(mark) : ' ';
        int end = before.length();
        if (sign == '-') {
            end = Text.strip(before, null, Text.Side.RIGHT).length();
        } else if (sign != '+' && isBlock) {
            int lineStart = before.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarts) && Text.isBlank(before, lineStart)) {
                end = lineStart;
            }
        }
        if (end > 0) {
            add(Kind.DATA, before.substring(0, end), position);
        }
    }

    private void comment(int tag) {
        int end = text.indexOf("#}", tag + 2);
        if (end < 0) {
            throw source.syntaxError(tag, "missing end of comment tag");
        }
        char sign = end > tag + 2 ? text.charAt(end - 1) : ' ';
        position = end + 2;
        if (sign == '-') {
            skipWhitespace();
        } else if (sign != '+') {
            skipNewline();
        }
        noteLine();
    }

    private boolean raw(int tag) {
        Matcher begin = RAW_BEGIN.matcher(text).region(tag + 2, text.length());
        if (!begin.lookingAt()) {
            return false;
        }
        position = begin.end();
        if (begin.group(1).equals("-")) {
            skipWhitespace();
        }
        noteLine();
        Matcher end = RAW_END.matcher(text);
        if (!end.find(position)) {
            throw source.syntaxError(tag, "missing end of raw directive");
        }
        data(end.start(), end.start() + 2, true);
        position = end.end();
        if (end.group(2).equals("-")) {
            skipWhitespace();
        } else if (end.group(2).isEmpty()) {
            skipNewline();
        }
        noteLine();
        return true;
    }

    private void tag(int tag, boolean isExpression) {
        int inside = tag + 2;
        if (inside < text.length() && (text.charAt(inside) == '-' || text.charAt(inside) == '+')) {
            inside++;
        }
        add(isExpression ? Kind.EXPRESSION_BEGIN : Kind.BLOCK_BEGIN, "", tag);
        TagLexer lexer = new TagLexer(source, tokens);
        int end = lexer.run(inside, isExpression ? "}}" : "%}");
        add(isExpression ? Kind.EXPRESSION_END : Kind.BLOCK_END, "", end);
        char sign = text.charAt(end);
        position = text.indexOf('}', end) + (isExpression ? 2 : 1);
        if (sign == '-') {
            skipWhitespace();
        } else if (sign == '%') {
            skipNewline();
        }
        noteLine();
    }

    private void skipWhitespace() {
        while (position < text.length() && Text.isSpace(text.charAt(position))) {
            position++;
        }
    }

    private void skipNewline() {
        if (position < text.length() && text.charAt(position) == '\n') {
            position++;
        }
    }

    private void noteLine() {
        lineStarts = text.charAt(position - 1) == '\n';
    }

    private void add(Kind kind, String value, int at) {
        tokens.add(new Token(kind, value, at));
    }
}
