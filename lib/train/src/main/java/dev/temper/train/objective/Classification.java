package dev.temper.train.objective;

import static dev.temper.check.Check.check;

import dev.temper.eval.ClassificationReport;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.report.EvaluationReport;
import dev.temper.report.Usage;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One class of a text is learned.
 *
 * @param labels names of the classes, by index
 */
record Classification(List<String> labels) implements Objective {
    @Override
    public Task task() {
        return Task.SEQUENCE_CLASSIFICATION;
    }

    @Override
    public Set<Format> formats() {
        return Set.of(Format.CLASSIFICATION);
    }

    @Override
    public void verify(DataConfig data, TrainingConfig training) {
        check(!labels.isEmpty(), "model.task: sequence_classification needs the names of the classes as model.labels");
        ModelTask.of(task(), labels);
        HeadRows.checkIdle(task(), data);
        training.checkClassWeights(labels.size());
    }

    @Override
    public TrainingRows rows(MappedRows train, MappedRows eval, DataConfig data, TrainingConfig training) {
        return ClassifiedRows.of(HeadRows.of(train), HeadRows.of(eval), labels, training);
    }

    @Override
    public List<String> scoreNames() {
        return ClassifiedRows.scoreNames(labels);
    }

    @Override
    public List<String> curves() {
        return List.of("accuracy", "f1_macro");
    }

    @Override
    public Optional<LabelSurvey> survey() {
        return Optional.of(new ClassSurvey(labels));
    }

    @Override
    public Optional<EvaluationReport> report(List<Evaluation.Prediction> predictions) {
        if (predictions.isEmpty()) {
            return Optional.empty();
        }
        int[] actual = predictions.stream()
                .mapToInt(prediction -> prediction.label()[0])
                .toArray();
        double[][] probabilities =
                predictions.stream().map(Evaluation.Prediction::answer).toArray(double[][]::new);
        return Optional.of(
                ClassificationTables.of(ClassificationReport.of(labels, actual, probabilities), actual, probabilities));
    }

    @Override
    public Map<String, String> facts() {
        return Map.of("classes", String.join(", ", labels));
    }

    @Override
    public Usage.Example example(Optional<Conversation> conversation) {
        // an adapter that was copied out of its run does not know the names of its classes
        boolean areTold = !labels.isEmpty() && labels.stream().noneMatch(label -> label.contains(","));
        return new Usage.Example(
                task().pipeline(),
                List.of(),
                task().loader(),
                ", num_labels=" + labels.size(),
                List.of("inputs = tokenizer(\"...\", truncation=True, return_tensors=\"pt\")"),
                List.of(
                        "probabilities = model(**inputs).logits.softmax(-1)[0].tolist()",
                        "print(dict(zip(" + Usage.quoted(labels) + ", probabilities)))"),
                new Usage.Command(
                        "classify",
                        areTold ? " --labels " + Usage.argument(String.join(",", labels)) : "",
                        " --text \"...\""));
    }
}
