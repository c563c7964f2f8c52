package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Secrets;
import dev.temper.spark.FileChoice;
import dev.temper.spark.PreparedData;
import dev.temper.spark.RejectedRow;
import dev.temper.text.DataConfig;
import dev.temper.track.TextTable;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What became of all rows: how many are trained on, evaluated, cut and rejected, and why.
 *
 * @param maxRejectedFraction what the recipe allows a run
 */
record DataSummary(DataConfig config, double maxRejectedFraction, PreparedData data) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BAR = 30;
    private static final int CELL = 60;

    String text() {
        StringBuilder text = new StringBuilder();
        PreparedData.Tokens tokens = data.tokens();
        TextTable splits = new TextTable(CELL, "split", "rows", "tokens", "learned");
        splits.add(
                "train",
                number(data.rows().trained()),
                number(tokens.train()),
                learned(tokens.trained(), tokens.train()));
        splits.add(
                "eval",
                number(data.rows().evaluated()),
                number(tokens.eval()),
                learned(tokens.evaluated(), tokens.eval()));
        text.append(splits).append('\n').append(lengths()).append('\n');
        text.append("files       ")
                .append(Console.told(data.files().readFiles()))
                .append('\n');
        data.files().leftOutFiles().forEach(files -> text.append("not read    ")
                .append(Console.told(files))
                .append('\n'));
        text.append(String.format(Locale.ROOT, "rows        %s%n", data.rows()));
        if (data.leftOut() > 0) {
            text.append(String.format(
                    Locale.ROOT,
                    "left out    %,d rows, by max_train_rows, max_eval_rows or weights%n",
                    data.leftOut()));
        }
        text.append(
                String.format(Locale.ROOT, "cut         %,d rows at max_length %,d%n", data.cut(), config.maxLength()));
        data.shortenedNote()
                .ifPresent(note -> text.append("shortened   ").append(note).append(System.lineSeparator()));
        examples()
                .forEach((reason, row) -> text.append(String.format(
                        Locale.ROOT,
                        "rejected    %,d %s, such as row %d of %s: %s%n",
                        data.rows().rejected().get(reason),
                        reason,
                        row.rowNumber(),
                        Console.told(row.source()),
                        Console.told(row.detail()))));
        if (isRefused()) {
            text.append(String.format(
                    Locale.ROOT,
                    "refused     more rows are rejected than data.max_rejected_fraction %s allows: no run%n",
                    maxRejectedFraction));
        }
        return text.toString().stripTrailing();
    }

    ObjectNode json() {
        ObjectNode json = JSON.createObjectNode();
        json.set("files", files(data.files()));
        ObjectNode rows = json.putObject("counts");
        rows.put("in", data.rows().in())
                .put("trained", data.rows().trained())
                .put("evaluated", data.rows().evaluated())
                .put("left_out", data.leftOut())
                .put("cut", data.cut())
                .put("shortened", data.shortened());
        ObjectNode rejected = rows.putObject("rejected");
        data.rows().rejected().forEach(rejected::put);
        PreparedData.Tokens tokens = data.tokens();
        json.putObject("tokens")
                .put("train", tokens.train())
                .put("train_learned", tokens.trained())
                .put("eval", tokens.eval())
                .put("eval_learned", tokens.evaluated());
        data.lengths()
                .forEach((upTo, count) ->
                        json.withArray("lengths").addObject().put("up_to", upTo).put("rows", count));
        examples().forEach((reason, row) -> json.withArray("examples")
                .addObject()
                .put("reason", reason)
                .put("row_id", row.rowId())
                .put("source", row.source())
                .put("row", row.rowNumber())
                .put("detail", row.detail()));
        return json.put("refused", isRefused());
    }

    /** Which files were read, for what, and which were left out. */
    static ObjectNode files(FileChoice choice) {
        ObjectNode files = JSON.createObjectNode();
        files.putArray("train");
        files.putArray("eval");
        files.putArray("left_out");
        choice.train().forEach(file -> files.withArray("train").add(Secrets.masked(file)));
        choice.eval().forEach(file -> files.withArray("eval").add(Secrets.masked(file)));
        choice.leftOut().forEach(file -> files.withArray("left_out")
                .addObject()
                .put("file", Secrets.masked(file.file()))
                .put("reason", file.reason()));
        return files;
    }

    private boolean isRefused() {
        return data.rows().rejectedRows() > maxRejectedFraction * data.rows().in();
    }

    /** The first row of each reason. */
    private Map<String, RejectedRow> examples() {
        Map<String, RejectedRow> examples = new LinkedHashMap<>();
        data.rejected().forEach(row -> examples.putIfAbsent(row.reason(), row));
        return examples;
    }

    private String lengths() {
        TextTable table = new TextTable(CELL, "tokens", "rows", "");
        long most = data.lengths().values().stream()
                .mapToLong(Long::longValue)
                .max()
                .orElse(1);
        data.lengths()
                .forEach((upTo, rows) -> table.add("up to " + number(upTo), number(rows), "█".repeat((int)
                                Math.ceil((double) BAR * rows / most))));
        return table.toString();
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String learned(long learned, long all) {
        return all == 0 ? "0" : String.format(Locale.ROOT, "%,d (%.0f %%)", learned, 100.0 * learned / all);
    }
}
