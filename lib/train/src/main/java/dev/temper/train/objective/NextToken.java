package dev.temper.train.objective;

import static dev.temper.check.Check.check;

import dev.temper.model.Task;
import dev.temper.report.EvaluationReport;
import dev.temper.report.Usage;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The next token is learned.
 *
 * @param labels none
 */
record NextToken(List<String> labels) implements Objective {
    @Override
    public Task task() {
        return Task.CAUSAL_LM;
    }

    @Override
    public Set<Format> formats() {
        return Arrays.stream(Format.values())
                .filter(format -> format.labels().isEmpty())
                .collect(Collectors.toSet());
    }

    @Override
    public void verify(DataConfig data, TrainingConfig training) {
        check(labels.isEmpty(), "model.labels are the classes of model.task: sequence_classification; leave them out");
        training.checkClassWeights(0);
    }

    @Override
    public boolean writesText() {
        return true;
    }

    @Override
    public TrainingRows rows(MappedRows train, MappedRows eval, DataConfig data, TrainingConfig training) {
        return CausalRows.packed(train, eval, data.packing(), data.maxLength());
    }

    @Override
    public List<String> scoreNames() {
        return CausalRows.SCORES;
    }

    @Override
    public boolean listsScores() {
        return false;
    }

    @Override
    public Optional<LabelSurvey> survey() {
        return Optional.empty();
    }

    @Override
    public Optional<EvaluationReport> report(List<Evaluation.Prediction> predictions) {
        return Optional.empty();
    }

    @Override
    public Usage.Example example(Optional<Conversation> conversation) {
        List<String> answer = List.of(
                "output = model.generate(**inputs, max_new_tokens=50)[0]",
                "answer = output[inputs[\"input_ids\"].shape[1]:]",
                "print(tokenizer.decode(answer, skip_special_tokens=True))");
        if (conversation.isEmpty()) {
            return example(
                    List.of(),
                    List.of("inputs = tokenizer(\"...\", return_tensors=\"pt\")"),
                    answer,
                    " --raw --prompt \"...\"");
        }
        Optional<String> system = conversation.get().system();
        String message = system.map(text -> "{\"role\": \"system\", \"content\": " + Usage.quoted(text) + "}, ")
                .orElse("");
        return example(
                List.of(Usage.CHAT_TAG),
                List.of(
                        "messages = [" + message + "{\"role\": \"user\", \"content\": \"...\"}]",
                        "inputs = tokenizer.apply_chat_template(",
                        "    messages, add_generation_prompt=True, return_dict=True, return_tensors=\"pt\")"),
                answer,
                system.map(text -> " --system " + Usage.argument(text)).orElse("") + " --prompt \"...\"");
    }

    private Usage.Example example(List<String> tags, List<String> inputs, List<String> answer, String options) {
        return new Usage.Example(
                task().pipeline(),
                tags,
                task().loader(),
                "",
                inputs,
                answer,
                new Usage.Command("generate", "", options));
    }
}
