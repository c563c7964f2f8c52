package dev.temper.run.output;

import dev.temper.check.Secrets;
import dev.temper.eval.ClassificationReport;
import dev.temper.eval.PerClass;
import dev.temper.eval.RocPoint;
import dev.temper.eval.Sample;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.storage.Folder;
import dev.temper.track.Metric;
import dev.temper.train.objective.Evaluation.Prediction;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What an evaluation leaves behind: a table is a folder of Parquet and a CSV file beside it.
 *
 * @param folder such as {@code evaluation} of a run
 */
public record EvaluationTables(Folder folder) {
    private static final ParquetTable SCORES = new ParquetTable(
            List.of(new Column("step", Kind.LONG), new Column("name", Kind.STRING), new Column("value", Kind.DOUBLE)));
    private static final ParquetTable CONFUSION_MATRIX = new ParquetTable(List.of(
            new Column("actual", Kind.STRING), new Column("predicted", Kind.STRING), new Column("rows", Kind.LONG)));
    private static final ParquetTable ROC_CURVE = new ParquetTable(List.of(
            new Column("label", Kind.STRING),
            new Column("threshold", Kind.DOUBLE),
            new Column("false_positive_rate", Kind.DOUBLE),
            new Column("true_positive_rate", Kind.DOUBLE)));
    private static final ParquetTable PER_CLASS = new ParquetTable(List.of(
            new Column("label", Kind.STRING),
            new Column("precision", Kind.DOUBLE),
            new Column("recall", Kind.DOUBLE),
            new Column("specificity", Kind.DOUBLE),
            new Column("f1", Kind.DOUBLE),
            new Column("roc_auc", Kind.DOUBLE),
            new Column("support", Kind.LONG)));
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

    /** All tables of a classifier. */
    public void writeClassification(ClassificationReport report, List<Prediction> predictions, LabelledRows origins)
            throws IOException {
        writePredictions(report.labels(), predictions, origins.evaluated());
        List<String> labels = report.labels();
        long[][] counts = report.confusionMatrix();
        List<List<?>> matrix = new ArrayList<>();
        for (int actual = 0; actual < labels.size(); actual++) {
            for (int predicted = 0; predicted < labels.size(); predicted++) {
                matrix.add(List.of(labels.get(actual), labels.get(predicted), counts[actual][predicted]));
            }
        }
        write("confusion_matrix", CONFUSION_MATRIX, matrix);
        List<List<?>> curve = new ArrayList<>();
        for (RocPoint point : report.rocCurve()) {
            curve.add(List.of(point.label(), point.threshold(), point.falsePositiveRate(), point.truePositiveRate()));
        }
        write("roc_curve", ROC_CURVE, curve);
        List<List<?>> classes = new ArrayList<>();
        for (PerClass one : report.perClass()) {
            List<Object> row = new ArrayList<>(List.of(one.label(), one.precision(), one.recall()));
            row.add(defined(one.specificity()));
            row.add(one.f1());
            row.add(defined(one.rocAuc()));
            row.add(one.support());
            classes.add(row);
        }
        write("per_class", PER_CLASS, classes);
    }

    private static Double defined(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private void writePredictions(List<String> labels, List<Prediction> predictions, List<LabelledRows.Origin> origins)
            throws IOException {
        List<Column> columns = new ArrayList<>(List.of(
                new Column("row_id", Kind.STRING),
                new Column("source", Kind.STRING),
                new Column("row", Kind.LONG),
                new Column("label", Kind.STRING),
                new Column("predicted", Kind.STRING)));
        labels.forEach(label -> columns.add(new Column("probability_" + label, Kind.DOUBLE)));
        List<List<?>> rows = new ArrayList<>();
        for (Prediction prediction : predictions) {
            LabelledRows.Origin origin = origins.get(prediction.row());
            int predicted = ClassificationReport.predicted(prediction.probabilities());
            List<Object> row = new ArrayList<>(List.of(
                    origin.rowId(),
                    Secrets.masked(origin.source()),
                    origin.rowNumber(),
                    labels.get(prediction.actual()),
                    labels.get(predicted)));
            for (double probability : prediction.probabilities()) {
                row.add(probability);
            }
            rows.add(row);
        }
        write("predictions", new ParquetTable(columns), rows);
    }

    /** @throws NoFontsException when this JVM cannot draw; the tables say the same */
    public List<Picture> writePictures(ClassificationReport report) throws IOException, NoFontsException {
        Picture confusionMatrix = Picture.confusionMatrix(report);
        Picture rocCurve = Picture.rocCurve(report);
        write("confusion_matrix.png", confusionMatrix);
        write("roc_curve.png", rocCurve);
        return List.of(confusionMatrix, rocCurve);
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
}
