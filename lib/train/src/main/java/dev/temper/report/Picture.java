package dev.temper.report;

import dev.temper.eval.ClassificationReport;
import dev.temper.eval.PerClass;
import dev.temper.eval.RocPoint;
import dev.temper.track.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A chart of {@value Canvas#WIDTH} by {@value Canvas#HEIGHT} points at two pixels per point, in colours that suit print
 * and colour-blind readers.
 *
 * @param title description, also used as alternative text
 * @param png content of a PNG file
 */
public record Picture(String title, byte[] png) {
    /** Counts of the confusion matrix, coloured by their share of the actual class. */
    public static Picture confusionMatrix(ClassificationReport report) throws NoFontsException {
        String title = "Confusion matrix";
        Canvas canvas = Canvas.open();
        canvas.title(title, rows(report) + ", accuracy " + score(report, "accuracy"));
        new ConfusionMatrixChart(report.labels(), report.confusionMatrix()).draw(canvas);
        return new Picture(title, canvas.png());
    }

    /** One curve for each class that has one, with its area in the legend. */
    public static Picture rocCurve(ClassificationReport report) throws NoFontsException {
        Map<String, Double> areas = new LinkedHashMap<>();
        for (PerClass one : report.perClass()) {
            areas.put(one.label(), one.rocAuc());
        }
        Map<String, LineChart.Line> lines = new LinkedHashMap<>();
        for (RocPoint point : report.rocCurve()) {
            lines.computeIfAbsent(point.label(), label -> new LineChart.Line(legend(label, areas.get(label))))
                    .add(point.falsePositiveRate(), point.truePositiveRate());
        }
        String title = "ROC curve";
        Canvas canvas = Canvas.open();
        canvas.title(title, rows(report) + rocSubtitle(report, lines.size()));
        LineChart.ofRates("false positive rate", "true positive rate").draw(canvas, List.copyOf(lines.values()));
        return new Picture(title, canvas.png());
    }

    /**
     * One curve for each metric name, such as {@code train/loss} and {@code eval/loss}, over the steps. Non-finite
     * values leave gaps.
     */
    public static Picture curves(String title, List<Metric> metrics) throws NoFontsException {
        Map<String, LineChart.Line> lines = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            lines.computeIfAbsent(metric.name(), LineChart.Line::new).add((double) metric.step(), metric.value());
        }
        Canvas canvas = Canvas.open();
        List<LineChart.Line> all = List.copyOf(lines.values());
        String last = all.stream().limit(4).map(LineChart.Line::last).collect(Collectors.joining(", "));
        canvas.title(title, all.isEmpty() ? "" : "last: " + last);
        LineChart.ofSteps(all).draw(canvas, all);
        return new Picture(title, canvas.png());
    }

    private static String rocSubtitle(ClassificationReport report, int curves) {
        if (curves == 0) {
            return ", all of one class: no curve";
        }
        return report.labels().size() == 2 ? "" : ", one class against the rest, mean AUC " + score(report, "roc_auc");
    }

    private static String legend(String label, double area) {
        return String.format(Locale.ROOT, "%s (AUC %.3f)", label, area);
    }

    private static String rows(ClassificationReport report) {
        return String.format(Locale.ROOT, "%,d rows", report.numRows());
    }

    private static String score(ClassificationReport report, String name) {
        Double value = report.scores().get(name);
        return value == null ? "undefined" : String.format(Locale.ROOT, "%.3f", value);
    }
}
