package dev.temper.train.objective;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.eval.RegressionReport;
import dev.temper.model.Task;
import dev.temper.report.EvaluationReport;
import dev.temper.report.ResultTable;
import dev.temper.report.ResultTable.Column;
import dev.temper.report.Usage;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.text.NumberLabel;
import dev.temper.track.TextTable;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One number of a text is learned, by the mean of the squared errors.
 *
 * @param labels none
 */
record Regression(List<String> labels) implements Objective {
    private static final List<String> SCORES = List.of("loss", "mse", "rmse", "mae", "r2");

    @Override
    public Task task() {
        return Task.REGRESSION;
    }

    @Override
    public Set<Format> formats() {
        return Set.of(Format.REGRESSION);
    }

    @Override
    public void verify(DataConfig data, TrainingConfig training) {
        check(labels.isEmpty(), "model.labels are names of classes, and a regression gives a number; leave them out");
        HeadRows.checkIdle(task(), data);
        HeadRows.checkNoClasses(task(), training);
    }

    @Override
    public TrainingRows rows(MappedRows train, MappedRows eval, DataConfig data, TrainingConfig training) {
        return new Rows(HeadRows.of(train), HeadRows.of(eval));
    }

    @Override
    public List<String> scoreNames() {
        return SCORES;
    }

    @Override
    public List<String> curves() {
        return List.of("mae", "r2");
    }

    @Override
    public Optional<LabelSurvey> survey() {
        return Optional.of(new Numbers());
    }

    @Override
    public Optional<EvaluationReport> report(List<Evaluation.Prediction> predictions) {
        if (predictions.isEmpty()) {
            return Optional.empty();
        }
        List<List<?>> rows = new ArrayList<>();
        for (Evaluation.Prediction one : predictions) {
            double actual = NumberLabel.number(one.label());
            rows.add(List.of(actual, one.answer()[0], one.answer()[0] - actual));
        }
        List<Column> columns = List.of(
                new Column("label", Double.class),
                new Column("predicted", Double.class),
                new Column("error", Double.class));
        return Optional.of(new EvaluationReport(
                scores(predictions),
                new ResultTable("predictions", columns, rows),
                List.of(),
                List.of(),
                List.of(),
                Map.of()));
    }

    private static Map<String, Double> scores(List<Evaluation.Prediction> predictions) {
        double[] actual = predictions.stream()
                .mapToDouble(one -> NumberLabel.number(one.label()))
                .toArray();
        double[] predicted =
                predictions.stream().mapToDouble(one -> one.answer()[0]).toArray();
        return RegressionReport.of(actual, predicted).scores();
    }

    @Override
    public Usage.Example example(Optional<Conversation> conversation) {
        return new Usage.Example(
                task().pipeline(),
                List.of(),
                task().loader(),
                ", num_labels=1",
                List.of("inputs = tokenizer(\"...\", truncation=True, return_tensors=\"pt\")"),
                List.of("print(model(**inputs).logits[0, 0].item())"),
                new Usage.Command("classify", "", " --text \"...\""));
    }

    /** Rows whose number is learned. */
    private static final class Rows extends HeadRows {
        Rows(List<Row> train, List<Row> eval) {
            super(train, eval, 1);
        }

        @Override
        public List<String> scoreNames() {
            return SCORES;
        }

        @Override
        protected float[] targets(Row row) {
            return new float[] {NumberLabel.number(row.label())};
        }

        @Override
        protected Evaluation evaluate(double[][] logits, double labelSmoothing) {
            List<Evaluation.Prediction> predictions = new ArrayList<>();
            boolean isFinite = true;
            for (int i = 0; i < logits.length; i++) {
                predictions.add(new Evaluation.Prediction(i, eval().get(i).label(), logits[i]));
                isFinite &= Double.isFinite(logits[i][0]);
            }
            Map<String, Double> measured = isFinite ? Regression.scores(predictions) : Map.of();
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put("loss", measured.getOrDefault("mse", Double.NaN));
            scores.putAll(measured);
            return new Evaluation(scores, isFinite ? predictions : List.of());
        }
    }

    /** Which numbers prepared rows have. */
    private static final class Numbers implements LabelSurvey {
        private static final int CELL = 20;

        private final DoubleSummaryStatistics trained = new DoubleSummaryStatistics();
        private final DoubleSummaryStatistics evaluated = new DoubleSummaryStatistics();

        @Override
        public void addTrained(int[] label, int cut) {
            trained.accept(NumberLabel.number(label));
        }

        @Override
        public void addEvaluated(int[] label, int cut) {
            evaluated.accept(NumberLabel.number(label));
        }

        @Override
        public void verify(TrainingConfig training) {
            boolean isR2 = training.choosesBest() && training.bestMetric().equals("eval/r2");
            check(
                    !isR2 || evaluated.getCount() != 1,
                    "training.metric_for_best_model: %s is undefined with one row to evaluate on; name another metric,"
                            + " or more rows",
                    training.bestMetric());
        }

        @Override
        public Optional<String> note() {
            boolean isOne = trained.getCount() > 1 && trained.getMin() == trained.getMax();
            return isOne
                    ? Optional.of("all %d rows to train on have the number %s: the model learns nothing but that"
                            .formatted(trained.getCount(), (float) trained.getMin()))
                    : Optional.empty();
        }

        @Override
        public TextTable table() {
            TextTable table = new TextTable(CELL, "numbers", "rows", "least", "mean", "greatest");
            add(table, "train", trained);
            add(table, "eval", evaluated);
            return table;
        }

        private static void add(TextTable table, String name, DoubleSummaryStatistics numbers) {
            if (numbers.getCount() > 0) {
                table.add(
                        name,
                        String.format(Locale.ROOT, "%,d", numbers.getCount()),
                        number(numbers.getMin()),
                        number(numbers.getAverage()),
                        number(numbers.getMax()));
            }
        }

        private static String number(double value) {
            return String.format(Locale.ROOT, "%.6g", value);
        }

        @Override
        public void into(ObjectNode json) {
            ObjectNode numbers = json.putObject("numbers");
            for (String name : List.of("train", "eval")) {
                DoubleSummaryStatistics found = name.equals("train") ? trained : evaluated;
                ObjectNode one = numbers.putObject(name).put("rows", found.getCount());
                if (found.getCount() > 0) {
                    one.put("least", found.getMin())
                            .put("mean", found.getAverage())
                            .put("greatest", found.getMax());
                }
            }
        }
    }
}
