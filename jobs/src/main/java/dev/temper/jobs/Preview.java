package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Rows as the model will see them: every token in its place, special ones visible, and which of them are learned.
 *
 * @param name of the recipe
 * @param summary what became of all rows, as a text
 */
record Preview(String name, Tokenizer tokenizer, List<Shown> rows, String summary) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LEARNED = "\u001b[1;32m";
    private static final String READ = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    /**
     * One row.
     *
     * @param place where it comes from, for people
     * @param label the class of a classifier's row, else empty
     */
    record Shown(String rowId, String place, TokenRow tokens, String label) {}

    /** Neighbouring tokens of which all are learned, or none. */
    private record Run(String text, boolean isLearned) {}

    /** For a terminal, in colours; without them learned parts stand in brackets. */
    String text(boolean inColour) {
        StringBuilder text = new StringBuilder();
        for (Shown row : rows) {
            text.append(headline(row)).append('\n');
            for (Run run : runs(row.tokens())) {
                String shown = shown(run.text());
                if (inColour) {
                    text.append(run.isLearned() ? LEARNED : READ).append(shown).append(PLAIN);
                } else {
                    text.append(run.isLearned() ? "⟦" + shown + "⟧" : shown);
                }
            }
            text.append("\n\n");
        }
        String legend = inColour ? LEARNED + "learned" + PLAIN + " " + READ + "read" + PLAIN : "⟦learned⟧ read";
        return text.append(rows.isEmpty() ? "" : legend + "\n\n")
                .append(summary)
                .toString();
    }

    /** A page that needs nothing else. A token says its id when the pointer is on it. */
    String html() {
        StringBuilder page = new StringBuilder();
        page.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(escaped(name))
                .append(": preview</title>\n<style>\n")
                .append("body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}\n")
                .append("pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f6f4;padding:1em}\n")
                .append("h2{font-size:1em}\n.read{color:#666}\n.learned{background:#bfe8c5;color:#0b3d14}\n")
                .append("pre span:hover{outline:1px solid #c60}\n</style></head><body>\n<h1>")
                .append(escaped(name))
                .append("</h1>\n<p><span class=\"learned\">learned</span> <span class=\"read\">read</span></p>\n");
        for (Shown row : rows) {
            page.append("<h2>").append(escaped(headline(row))).append("</h2>\n<pre>");
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
        return page.append("<pre>")
                .append(escaped(summary))
                .append("</pre>\n</body></html>\n")
                .toString();
    }

    /** One object: {@code rows}, each with its {@code tokens}. */
    ObjectNode json() {
        ObjectNode json = JSON.createObjectNode().put("name", name);
        json.putArray("rows");
        for (Shown row : rows) {
            ObjectNode shown = json.withArray("rows")
                    .addObject()
                    .put("row_id", row.rowId())
                    .put("place", row.place());
            if (!row.label().isEmpty()) {
                shown.put("label", row.label());
            }
            int[] ids = row.tokens().inputIds();
            for (int i = 0; i < ids.length; i++) {
                shown.withArray("tokens")
                        .addObject()
                        .put("id", ids[i])
                        .put("text", text(ids, i, i + 1))
                        .put("learned", row.tokens().trained()[i]);
            }
        }
        return json;
    }

    /** A line break is written out, and the next line stands back: no row can look like the headline of another. */
    private static String shown(String text) {
        return Secrets.maskedValues(text)
                .lines()
                .map(Printable::line)
                .collect(Collectors.joining("\\n\n  ", "", text.endsWith("\n") ? "\\n" : ""));
    }

    private static String headline(Shown row) {
        String label = row.label().isEmpty() ? "" : ", class " + Console.told(row.label());
        return String.format(
                Locale.ROOT,
                "%s: %d tokens, %d learned%s",
                Console.told(row.place()),
                row.tokens().length(),
                row.tokens().trainedTokens(),
                label);
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
