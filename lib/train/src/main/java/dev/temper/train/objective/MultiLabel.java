package dev.temper.train.objective;

import dev.temper.eval.MultiLabelReport;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.report.EvaluationReport;
import dev.temper.report.ResultTable;
import dev.temper.report.ResultTable.Column;
import dev.temper.report.Usage;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.text.LabelFormat;
import dev.temper.text.LabelSet;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Any of several labels of a text are learned, each by itself, by the mean of their binary cross entropies.
 *
 * @param labels their names, by index
 */
record MultiLabel(List<String> labels) implements Objective {
    @Override
    public Task task() {
        return Task.MULTI_LABEL_CLASSIFICATION;
    }

    @Override
    public Set<Format> formats() {
        return Set.of(Format.MULTI_LABEL);
    }

    @Override
    public void verify(DataConfig data, TrainingConfig training) {
        ModelTask.of(task(), labels);
        HeadRows.checkIdle(task(), data);
        HeadRows.checkNoClasses(task(), training);
    }

    @Override
    public TrainingRows rows(MappedRows train, MappedRows eval, DataConfig data, TrainingConfig training) {
        return new Rows(HeadRows.of(train), HeadRows.of(eval), labels);
    }

    @Override
    public List<String> scoreNames() {
        return scoreNames(labels);
    }

    private static List<String> scoreNames(List<String> labels) {
        boolean[][] actual = new boolean[1][labels.size()];
        double[][] probabilities = new double[1][labels.size()];
        List<String> names = new ArrayList<>(List.of("loss"));
        names.addAll(MultiLabelReport.of(labels, actual, probabilities).scores().keySet());
        return names;
    }

    @Override
    public List<String> curves() {
        return List.of("f1_micro", "f1_macro", "subset_accuracy");
    }

    @Override
    public Optional<LabelSurvey> survey() {
        return Optional.of(new LabelCounts(labels));
    }

    @Override
    public Optional<EvaluationReport> report(List<Evaluation.Prediction> predictions) {
        if (predictions.isEmpty()) {
            return Optional.empty();
        }
        MultiLabelReport report = report(labels, predictions);
        ResultTable perLabel = perLabel(report);
        return Optional.of(new EvaluationReport(
                report.scores(),
                predicted(predictions),
                List.of(perLabel),
                List.of(ResultTable.shown(
                        "Labels",
                        List.of("label", "precision", "recall", "f1", "support", "predicted"),
                        perLabel.rows())),
                List.of(),
                Map.of()));
    }

    private static MultiLabelReport report(List<String> labels, List<Evaluation.Prediction> predictions) {
        boolean[][] actual = new boolean[predictions.size()][labels.size()];
        double[][] probabilities = new double[predictions.size()][];
        for (int row = 0; row < actual.length; row++) {
            Evaluation.Prediction prediction = predictions.get(row);
            probabilities[row] = prediction.answer();
            for (int label = 0; label < labels.size(); label++) {
                actual[row][label] = LabelSet.has(prediction.label(), label);
            }
        }
        return MultiLabelReport.of(labels, actual, probabilities);
    }

    private static ResultTable perLabel(MultiLabelReport report) {
        List<List<?>> rows = new ArrayList<>();
        for (MultiLabelReport.PerLabel one : report.perLabel()) {
            rows.add(List.of(one.label(), one.precision(), one.recall(), one.f1(), one.support(), one.predicted()));
        }
        List<Column> columns = List.of(
                new Column("label", String.class),
                new Column("precision", Double.class),
                new Column("recall", Double.class),
                new Column("f1", Double.class),
                new Column("support", Long.class),
                new Column("predicted", Long.class));
        return new ResultTable("per_label", columns, rows);
    }

    /** A row for each row: its labels, those that the model gives it, and the probability of each. */
    private ResultTable predicted(List<Evaluation.Prediction> predictions) {
        List<Column> columns =
                new ArrayList<>(List.of(new Column("labels", String.class), new Column("predicted", String.class)));
        labels.forEach(label -> columns.add(new Column("probability_" + label, Double.class)));
        List<List<?>> rows = new ArrayList<>();
        for (Evaluation.Prediction one : predictions) {
            String predicted = IntStream.range(0, labels.size())
                    .filter(label -> MultiLabelReport.isPredicted(one.answer()[label]))
                    .mapToObj(labels::get)
                    .collect(Collectors.joining(LabelFormat.SEPARATOR));
            List<Object> row = new ArrayList<>(List.of(new LabelSet().text(one.label(), labels), predicted));
            Arrays.stream(one.answer()).forEach(row::add);
            rows.add(row);
        }
        return new ResultTable("predictions", columns, rows);
    }

    @Override
    public Map<String, String> facts() {
        return Map.of("labels", String.join(", ", labels));
    }

    @Override
    public Usage.Example example(Optional<Conversation> conversation) {
        boolean areTold = labels.stream().noneMatch(label -> label.contains(","));
        return new Usage.Example(
                task().pipeline(),
                List.of(),
                task().loader(),
                ", num_labels=" + labels.size() + ", problem_type=\"" + task().problemType() + "\"",
                List.of("inputs = tokenizer(\"...\", truncation=True, return_tensors=\"pt\")"),
                List.of(
                        "probabilities = model(**inputs).logits.sigmoid()[0].tolist()",
                        "print(dict(zip(" + Usage.quoted(labels) + ", probabilities)))"),
                new Usage.Command(
                        "classify",
                        areTold ? " --labels " + Usage.argument(String.join(",", labels)) : "",
                        " --text \"...\""));
    }

    /** Rows whose labels are learned. */
    private static final class Rows extends HeadRows {
        private final List<String> labels;

        Rows(List<Row> train, List<Row> eval, List<String> labels) {
            super(train, eval, labels.size());
            this.labels = labels;
        }

        @Override
        public List<String> scoreNames() {
            return MultiLabel.scoreNames(labels);
        }

        @Override
        protected float[] targets(Row row) {
            float[] targets = new float[labels.size()];
            for (int label = 0; label < targets.length; label++) {
                targets[label] = LabelSet.has(row.label(), label) ? 1 : 0;
            }
            return targets;
        }

        @Override
        protected Evaluation evaluate(double[][] logits, double labelSmoothing) {
            double loss = 0;
            List<Evaluation.Prediction> predictions = new ArrayList<>();
            for (int i = 0; i < logits.length; i++) {
                int[] label = eval().get(i).label();
                double[] probabilities = new double[labels.size()];
                for (int k = 0; k < probabilities.length; k++) {
                    double logit = logits[i][k];
                    double has = LabelSet.has(label, k) ? 1 : 0;
                    loss += (Math.max(logit, 0) - logit * has + Math.log1p(Math.exp(-Math.abs(logit)))) / labels.size();
                    probabilities[k] = 1 / (1 + Math.exp(-logit));
                }
                predictions.add(new Evaluation.Prediction(i, label, probabilities));
            }
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put("loss", loss / logits.length);
            boolean isFinite = Double.isFinite(loss);
            if (isFinite) {
                scores.putAll(report(labels, predictions).scores());
            }
            return new Evaluation(scores, isFinite ? predictions : List.of());
        }
    }
}
