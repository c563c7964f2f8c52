package dev.temper.train.objective;

import dev.temper.eval.ClassificationReport;
import dev.temper.eval.PerClass;
import dev.temper.eval.RocPoint;
import dev.temper.report.EvaluationReport;
import dev.temper.report.EvaluationReport.Drawing;
import dev.temper.report.Picture;
import dev.temper.report.ResultTable;
import dev.temper.report.ResultTable.Column;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables and pictures of a classifier. */
public final class ClassificationTables {
    private static final int MAX_COUNT_COLUMNS = 30;

    private final ClassificationReport report;
    private final List<String> labels;

    private ClassificationTables(ClassificationReport report) {
        this.report = report;
        this.labels = report.labels();
    }

    /**
     * @param report of these rows
     * @param actual class of each row
     * @param probabilities (rows, classes)
     */
    public static EvaluationReport of(ClassificationReport report, int[] actual, double[][] probabilities) {
        ClassificationTables tables = new ClassificationTables(report);
        Map<String, Drawing> drawings = new LinkedHashMap<>();
        drawings.put("confusion_matrix.png", () -> Picture.confusionMatrix(report));
        drawings.put("roc_curve.png", () -> Picture.rocCurve(report));
        return new EvaluationReport(
                report.scores(),
                tables.predictions(actual, probabilities),
                List.of(tables.confusionMatrix(), tables.rocCurve(), tables.perClass()),
                List.of(ResultTable.shown(
                        "Classes",
                        List.of("class", "precision", "recall", "specificity", "f1", "roc_auc", "support"),
                        tables.perClass().rows())),
                tables.counts(),
                drawings);
    }

    private ResultTable predictions(int[] actual, double[][] probabilities) {
        List<Column> columns = new ArrayList<>(List.of(text("label"), text("predicted")));
        labels.forEach(label -> columns.add(number("probability_" + label)));
        List<List<?>> rows = new ArrayList<>();
        for (int i = 0; i < actual.length; i++) {
            int predicted = ClassificationReport.predicted(probabilities[i]);
            List<Object> row = new ArrayList<>(List.of(labels.get(actual[i]), labels.get(predicted)));
            for (double probability : probabilities[i]) {
                row.add(probability);
            }
            rows.add(row);
        }
        return new ResultTable("predictions", columns, rows);
    }

    private ResultTable confusionMatrix() {
        long[][] counts = report.confusionMatrix();
        List<List<?>> rows = new ArrayList<>();
        for (int actual = 0; actual < labels.size(); actual++) {
            for (int predicted = 0; predicted < labels.size(); predicted++) {
                rows.add(List.of(labels.get(actual), labels.get(predicted), counts[actual][predicted]));
            }
        }
        List<Column> columns = List.of(text("actual"), text("predicted"), count("rows"));
        return new ResultTable("confusion_matrix", columns, rows);
    }

    private ResultTable rocCurve() {
        List<List<?>> rows = new ArrayList<>();
        for (RocPoint point : report.rocCurve()) {
            rows.add(List.of(point.label(), point.threshold(), point.falsePositiveRate(), point.truePositiveRate()));
        }
        return new ResultTable(
                "roc_curve",
                List.of(
                        text("label"),
                        number("threshold"),
                        number("false_positive_rate"),
                        number("true_positive_rate")),
                rows);
    }

    private ResultTable perClass() {
        List<List<?>> rows = new ArrayList<>();
        for (PerClass one : report.perClass()) {
            rows.add(List.of(
                    one.label(),
                    one.precision(),
                    one.recall(),
                    one.specificity(),
                    one.f1(),
                    one.rocAuc(),
                    one.support()));
        }
        List<Column> columns = List.of(
                text("label"),
                number("precision"),
                number("recall"),
                number("specificity"),
                number("f1"),
                number("roc_auc"),
                count("support"));
        return new ResultTable("per_class", columns, rows);
    }

    /** The confusion matrix as people read it, where it is not too wide. */
    private List<ResultTable> counts() {
        if (labels.size() > MAX_COUNT_COLUMNS) {
            return List.of();
        }
        List<String> headers = new ArrayList<>(List.of("actual \\ predicted"));
        headers.addAll(labels);
        List<List<?>> rows = new ArrayList<>();
        long[][] counts = report.confusionMatrix();
        for (int actual = 0; actual < labels.size(); actual++) {
            List<Object> row = new ArrayList<>(List.of(labels.get(actual)));
            for (long count : counts[actual]) {
                row.add(count);
            }
            rows.add(row);
        }
        return List.of(ResultTable.shown("Confusion matrix as a table", headers, rows));
    }

    private static Column text(String name) {
        return new Column(name, String.class);
    }

    private static Column number(String name) {
        return new Column(name, Double.class);
    }

    private static Column count(String name) {
        return new Column(name, Long.class);
    }
}
