package dev.temper.jinja;

import dev.temper.jinja.TemplateException.Kind;

/** A template's text with newlines normalised and, as in Jinja2, without the last one. */
final class Source {
    private final String text;

    Source(String raw) {
        String unix = raw.replace("\r\n", "\n").replace('\r', '\n');
        this.text = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    String text() {
        return text;
    }

    TemplateException syntaxError(int position, String reason) {
        return located(new TemplateException(Kind.SYNTAX, reason), position);
    }

    /** The same failure with line and column. */
    TemplateException located(TemplateException failure, int position) {
        if (failure.line() > 0 || position < 0) {
            return failure;
        }
        int end = Math.min(position, text.length());
        int line = 1;
        int start = 0;
        for (int newline = text.indexOf('\n'); newline >= 0 && newline < end; newline = text.indexOf('\n', start)) {
            line++;
            start = newline + 1;
        }
        return new TemplateException(failure.kind(), failure.reason(), line, text.codePointCount(start, end) + 1);
    }
}
