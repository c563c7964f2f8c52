package dev.temper.report;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.temper.check.Printable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Builds a page of Markdown. */
final class Markdown {
    private final StringBuilder page = new StringBuilder();

    /** Text on one line in which no Markdown or HTML reader finds markup. */
    static String escaped(String text) {
        return Printable.line(text.replaceAll("[\\s\\p{Cntrl}]+", " "))
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replaceAll("[\\\\`*\\[\\]|~#!$]", "\\\\$0")
                .replaceAll("(?<![\\p{L}\\p{N}])_|_(?![\\p{L}\\p{N}])", "\\\\_"); // not within a word
    }

    /** The reverse of {@link #escaped}, except for characters that one line cannot show. */
    static String unescaped(String markup) {
        return markup.replaceAll("\\\\([\\\\`*\\[\\]|~#!$_])", "$1")
                .replace("&lt;", "<")
                .replace("&amp;", "&");
    }

    /** A string literal of Python or JSON. */
    static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    /**
     * An argument of a shell command. A text of several lines, which would break out of its code block, becomes dots.
     */
    static String argument(String text) {
        return text.lines().count() > 1 ? "'...'" : "'" + text.strip().replace("'", "'\\''") + "'";
    }

    static String quoted(List<String> texts) {
        return texts.stream().map(Markdown::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    Markdown line(String markup) {
        page.append(markup).append('\n');
        return this;
    }

    Markdown heading(String level, String text) {
        return line("\n" + level + escaped(text) + "\n");
    }

    Markdown paragraph(String markup) {
        return line(markup + "\n");
    }

    /** Appends a heading and a table of names and values; nothing when there are none. */
    Markdown pairs(String heading, Map<String, String> pairs) {
        if (pairs.isEmpty()) {
            return this;
        }
        List<List<String>> rows = pairs.entrySet().stream()
                .map(pair -> List.of(pair.getKey(), pair.getValue()))
                .toList();
        return line(heading + "\n").table(List.of("name", "value"), rows);
    }

    Markdown table(List<String> headers, List<List<String>> rows) {
        row(headers);
        line("|" + " --- |".repeat(headers.size()));
        rows.forEach(this::row);
        return line("");
    }

    private void row(List<String> cells) {
        line(cells.stream().map(Markdown::escaped).collect(Collectors.joining(" | ", "| ", " |")));
    }

    Markdown code(String language, String code) {
        return line("```" + language + "\n" + code + "\n```\n");
    }

    @Override
    public String toString() {
        return page.toString().stripTrailing() + "\n";
    }
}
