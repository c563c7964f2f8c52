package dev.temper.run.output;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import dev.temper.recipe.Recipe;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.RejectedRow;
import dev.temper.spark.source.FileChoice;
import dev.temper.text.DataConfig;
import dev.temper.track.TextTable;
import dev.temper.train.objective.LabelSurvey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What became of all rows: how many are trained on, evaluated, cut and rejected, and why.
 *
 * @param labels of the rows, where they have any
 * @param refusals why a run would not begin with them
 * @param notes what a run says of them, and goes on
 */
public record DataSummary(
        DataConfig config, PreparedData data, Optional<LabelSurvey> labels, List<String> refusals, List<String> notes) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BAR = 30;
    private static final int CELL = 60;

    public static DataSummary of(Recipe recipe, PreparedData data) throws IOException {
        List<String> refusals = new ArrayList<>();
        List<String> notes = new ArrayList<>(notes(recipe, data));
        double limit = recipe.data().maxRejectedFraction();
        if (data.rows().rejectedRows() > limit * data.rows().in()) {
            refusals.add("more rows are rejected than data.max_rejected_fraction " + limit + " allows");
        }
        Optional<LabelSurvey> labels =
                LabelledRows.read(data.folder(), recipe.model().objective()).survey();
        if (labels.isPresent()) {
            try {
                labels.get().verify(recipe.training());
            } catch (InvalidInputException e) {
                refusals.add(e.getMessage());
            }
            labels.get().note().ifPresent(notes::add);
        }
        return new DataSummary(recipe.data(), data, labels, refusals, notes);
    }

    /** The same with more to say. */
    public DataSummary with(List<String> more) {
        List<String> all = new ArrayList<>(more);
        all.addAll(notes);
        return new DataSummary(config, data, labels, refusals, all);
    }

    /** What a run says of rows that it does not refuse. */
    public static List<String> notes(Recipe recipe, PreparedData data) {
        List<String> notes = new ArrayList<>();
        data.shortenedNote().ifPresent(notes::add);
        boolean mayHaveRows = recipe.data().eval().isPresent() || recipe.data().evalFraction() > 0;
        if (mayHaveRows && data.rows().evaluated() == 0) {
            notes.add("no row is left to evaluate on: nothing is evaluated, and losses are those of training; look at"
                    + " data.eval, data.eval_fraction and data.max_eval_rows");
        }
        return notes;
    }

    public String text() {
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
        labels.ifPresent(survey -> text.append(survey.table()).append('\n'));
        text.append("files       ")
                .append(Printable.masked(data.files().readFiles(data.rows().evaluated())))
                .append('\n');
        data.files().leftOutFiles().forEach(files -> text.append("not read    ")
                .append(Printable.masked(files))
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
        notes.forEach(note ->
                text.append("note        ").append(Printable.masked(note)).append('\n'));
        examples()
                .forEach((reason, row) -> text.append(String.format(
                        Locale.ROOT,
                        "rejected    %,d %s, such as row %d of %s: %s%n",
                        data.rows().rejected().get(reason),
                        reason,
                        row.rowNumber(),
                        Printable.masked(row.source()),
                        Printable.masked(row.detail()))));
        refusals.forEach(
                why -> text.append("refused     ").append(Printable.masked(why)).append(": no run\n"));
        return text.toString().stripTrailing();
    }

    public ObjectNode json() {
        ObjectNode json = JSON.createObjectNode();
        json.set("files", files(data));
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
        labels.ifPresent(survey -> survey.into(json));
        refusals.forEach(json.putArray("refusals")::add);
        notes.forEach(json.putArray("notes")::add);
        return json.put("refused", !refusals.isEmpty());
    }

    /** Which files were read, for what, and which were left out; and the hashes of those that were read. */
    static ObjectNode files(PreparedData data) {
        FileChoice choice = data.files();
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
        data.hashes().forEach((file, hash) -> files.withObject(hash.isOfPieces() ? "/sha256_of_pieces" : "/sha256")
                .put(Secrets.masked(file), hash.sha256()));
        return files;
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
