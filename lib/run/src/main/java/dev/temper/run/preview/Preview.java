package dev.temper.run.preview;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import dev.temper.run.output.DataSummary;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Rows as the model will see them: every token in its place, special ones visible, and which of them are learned.
 *
 * @param name of the recipe
 * @param summary what became of all rows
 */
public record Preview(String name, Tokenizer tokenizer, List<Group> groups, DataSummary summary) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HEAD =
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>%s: preview</title>
            <style>
            :root { --ink: #1f2328; --read: #59636e; --paper: #ffffff; --shade: #f6f8fa;
              --learned: #0b3d14; --mark: #bfe8c5; }
            @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --read: #9198a1; --paper: #0d1117;
              --shade: #151b23; --learned: #b7f0c0; --mark: #14532d; } }
            body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
              margin: 2em auto; max-width: 60em; padding: 0 1em; }
            pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--shade); padding: 1em; }
            h2 { font-size: 1.1em; }
            h3 { font-size: 1em; margin-bottom: 0; overflow-wrap: anywhere; }
            .read { color: var(--read); }
            .learned { background: var(--mark); color: var(--learned); }
            pre span:hover { outline: 1px solid #c60; }
            </style></head><body>
            <h1>%s</h1>
            <p><span class="learned">learned</span> <span class="read">read</span></p>
            """;

    private static final String LEARNED = "\u001b[1;32m";
    private static final String READ = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    /**
     * One row, or those that are packed into one sequence.
     *
     * @param title of a pack; empty: it is a row
     */
    record Group(String title, List<Shown> rows) {}

    /**
     * One row, or a piece of one.
     *
     * @param place where it comes from, for people
     * @param label where rows have any
     * @param cut tokens that its end has lost
     */
    record Shown(String rowId, String place, TokenRow tokens, Optional<Label> label, int cut) {}

    /**
     * What a row teaches besides its tokens.
     *
     * @param name such as {@code class}
     */
    record Label(String name, String text) {}

    /** Neighbouring tokens of which all are learned, or none. */
    private record Run(String text, boolean isLearned) {
        String shown(boolean inColour) {
            String shown = Preview.shown(text);
            if (inColour) {
                return (isLearned ? LEARNED : READ) + shown + PLAIN;
            }
            return isLearned ? "⟦" + shown + "⟧" : shown;
        }
    }

    /** For a terminal, in colours. */
    public String colouredText() {
        return text(true);
    }

    /** Without colours: learned parts stand in brackets. */
    public String text() {
        return text(false);
    }

    private String text(boolean inColour) {
        StringBuilder text = new StringBuilder();
        for (Group group : groups) {
            text.append(group.title().isEmpty() ? "" : Printable.masked(group.title()) + "\n");
            for (Shown row : group.rows()) {
                text.append(headline(row)).append('\n');
                runs(row.tokens()).forEach(run -> text.append(run.shown(inColour)));
                text.append('\n');
            }
            text.append('\n');
        }
        String legend = inColour ? LEARNED + "learned" + PLAIN + " " + READ + "read" + PLAIN : "⟦learned⟧ read";
        return text.append(groups.isEmpty() ? "" : legend + "\n\n")
                .append(summary.text())
                .toString();
    }

    /** A page that needs nothing else. A token says its id when the pointer is on it. */
    public String html() {
        StringBuilder page = new StringBuilder();
        page.append(HEAD.formatted(escaped(name), escaped(name)));
        for (Group group : groups) {
            if (!group.title().isEmpty()) {
                page.append("<h2>").append(escaped(group.title())).append("</h2>\n");
            }
            group.rows().forEach(row -> write(page, row));
        }
        return page.append("<pre>")
                .append(escaped(summary.text()))
                .append("</pre>\n</body></html>\n")
                .toString();
    }

    private void write(StringBuilder page, Shown row) {
        page.append("<h3>").append(escaped(headline(row))).append("</h3>\n<pre>");
        int[] ids = row.tokens().inputIds();
        for (int i = 0; i < ids.length; i++) {
            page.append("<span class=\"")
                    .append(row.tokens().trained()[i] ? "learned" : "read")
                    .append("\" title=\"")
                    .append(ids[i])
                    .append("\">")
                    .append(escaped(text(ids, i, i + 1)))
                    .append("</span>");
        }
        page.append("</pre>\n");
    }

    /** One object: {@code rows}, each with its {@code tokens}; or {@code packs}, each with its {@code rows}. */
    public ObjectNode json() {
        ObjectNode json = JSON.createObjectNode().put("name", name);
        json.putArray("rows");
        for (Group group : groups) {
            ObjectNode parent = json;
            if (!group.title().isEmpty()) {
                parent = json.withArray("packs").addObject().put("title", group.title());
            }
            for (Shown row : group.rows()) {
                write(parent.withArray("rows").addObject(), row);
            }
        }
        return json;
    }

    private void write(ObjectNode shown, Shown row) {
        shown.put("row_id", row.rowId()).put("place", row.place()).put("cut", row.cut());
        row.label().ifPresent(label -> shown.put("label", label.text()));
        int[] ids = row.tokens().inputIds();
        for (int i = 0; i < ids.length; i++) {
            shown.withArray("tokens")
                    .addObject()
                    .put("id", ids[i])
                    .put("text", text(ids, i, i + 1))
                    .put("learned", row.tokens().trained()[i]);
        }
    }

    /** A line break is written out, and the next line stands back: no row can look like the headline of another. */
    private static String shown(String text) {
        return Secrets.maskedValues(text)
                .lines()
                .map(Printable::line)
                .collect(Collectors.joining("\\n\n  ", "", text.endsWith("\n") ? "\\n" : ""));
    }

    private static String headline(Shown row) {
        return String.format(
                Locale.ROOT,
                "%s: %d tokens, %s%s",
                Printable.masked(row.place()),
                row.tokens().length(),
                row.label()
                        .map(label -> label.name() + " " + Printable.masked(label.text()))
                        .orElseGet(() -> row.tokens().trainedTokens() + " learned"),
                row.cut() == 0 ? "" : ", and " + row.cut() + " more that are cut");
    }

    private List<Run> runs(TokenRow row) {
        List<Run> runs = new ArrayList<>();
        boolean[] trained = row.trained();
        for (int from = 0; from < trained.length; ) {
            int to = from + 1;
            while (to < trained.length && trained[to] == trained[from]) {
                to++;
            }
            runs.add(new Run(text(row.inputIds(), from, to), trained[from]));
            from = to;
        }
        return runs;
    }

    // Behind the token before them: at the beginning of a text SentencePiece leaves out a space.
    private String text(int[] ids, int from, int to) {
        String alone = tokenizer.text(Arrays.copyOfRange(ids, from, to));
        if (from == 0) {
            return alone;
        }
        String before = tokenizer.text(ids[from - 1]);
        String both = tokenizer.text(Arrays.copyOfRange(ids, from - 1, to));
        return both.startsWith(before) ? both.substring(before.length()) : alone;
    }

    private static String escaped(String text) {
        return Printable.lines(Secrets.maskedValues(text))
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
