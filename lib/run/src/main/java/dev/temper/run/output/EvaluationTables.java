package dev.temper.run.output;

import dev.temper.check.Secrets;
import dev.temper.eval.Sample;
import dev.temper.report.EvaluationReport;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.report.ResultTable;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.storage.Folder;
import dev.temper.track.Metric;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation leaves behind: a table is a folder of Parquet and a CSV file beside it.
 *
 * @param folder such as {@code evaluation} of a run
 */
public record EvaluationTables(Folder folder) {
    private static final Map<Class<?>, Kind> KINDS =
            Map.of(String.class, Kind.STRING, Long.class, Kind.LONG, Double.class, Kind.DOUBLE);
    private static final ParquetTable SCORES = new ParquetTable(
            List.of(new Column("step", Kind.LONG), new Column("name", Kind.STRING), new Column("value", Kind.DOUBLE)));
    private static final ParquetTable GENERATIONS = new ParquetTable(List.of(
            new Column("step", Kind.LONG),
            new Column("number", Kind.LONG),
            new Column("prompt", Kind.STRING),
            new Column("text", Kind.STRING),
            new Column("expected", Kind.STRING)));

    /** Values of {@code eval/*}. */
    public void writeScores(List<Metric> metrics) throws IOException {
        List<List<?>> rows = new ArrayList<>();
        metrics.forEach(metric -> rows.add(List.of(metric.step(), Scores.name(metric), metric.value())));
        write("scores", SCORES, rows);
    }

    public void writeGenerations(List<Sample> samples) throws IOException {
        List<List<?>> rows = new ArrayList<>();
        samples.forEach(sample -> rows.add(
                List.of(sample.step(), (long) sample.number(), sample.prompt(), sample.text(), sample.expected())));
        write("generations", GENERATIONS, rows);
    }

    /** All tables of an evaluation; those of predictions say where each row comes from. */
    public void writeReport(EvaluationReport report, List<LabelledRows.Origin> origins) throws IOException {
        List<Column> columns = new ArrayList<>(List.of(
                new Column("row_id", Kind.STRING), new Column("source", Kind.STRING), new Column("row", Kind.LONG)));
        columns.addAll(columns(report.predictions()));
        List<List<?>> rows = new ArrayList<>();
        for (int i = 0; i < report.predictions().rows().size(); i++) {
            LabelledRows.Origin origin = origins.get(i);
            List<Object> row =
                    new ArrayList<>(List.of(origin.rowId(), Secrets.masked(origin.source()), origin.rowNumber()));
            row.addAll(defined(report.predictions().rows().get(i)));
            rows.add(row);
        }
        write(report.predictions().name(), new ParquetTable(columns), rows);
        for (ResultTable table : report.tables()) {
            List<List<?>> cells = table.rows().stream()
                    .<List<?>>map(EvaluationTables::defined)
                    .toList();
            write(table.name(), new ParquetTable(columns(table)), cells);
        }
    }

    private static List<Column> columns(ResultTable table) {
        return table.columns().stream()
                .map(column -> new Column(column.name(), KINDS.get(column.type())))
                .toList();
    }

    /** @throws NoFontsException when this JVM cannot draw; the tables say the same */
    public List<Picture> writePictures(EvaluationReport report) throws IOException, NoFontsException {
        Map<String, Picture> pictures = new LinkedHashMap<>();
        for (Map.Entry<String, EvaluationReport.Drawing> drawing :
                report.drawings().entrySet()) {
            pictures.put(drawing.getKey(), drawing.getValue().draw());
        }
        for (Map.Entry<String, Picture> picture : pictures.entrySet()) {
            write(picture.getKey(), picture.getValue());
        }
        return List.copyOf(pictures.values());
    }

    private void write(String name, Picture picture) throws IOException {
        try (OutputStream out = folder.write(name)) {
            out.write(picture.png());
        }
    }

    private void write(String name, ParquetTable table, List<List<?>> rows) throws IOException {
        List<List<Object>> safe = rows.stream().map(EvaluationTables::safe).toList();
        table.write(folder.child(name), safe);
        table.writeCsv(folder, name + ".csv", safe);
    }

    private static List<Object> safe(List<?> row) {
        List<Object> safe = new ArrayList<>(row);
        safe.replaceAll(cell -> cell instanceof String text ? Secrets.maskedValues(text) : cell);
        return safe;
    }

    /** Null for what the rows leave undefined. */
    private static List<Object> defined(List<?> row) {
        List<Object> defined = new ArrayList<>(row);
        defined.replaceAll(cell -> cell instanceof Double number && number.isNaN() ? null : cell);
        return defined;
    }
}
