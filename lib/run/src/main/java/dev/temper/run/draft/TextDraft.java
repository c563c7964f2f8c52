package dev.temper.run.draft;

import dev.temper.model.ModelTask;
import dev.temper.run.draft.TaskDraft.Reasoned;
import dev.temper.text.Format;
import dev.temper.text.NamedTemplates;
import java.util.List;
import java.util.Optional;

/**
 * A model that continues texts or answers.
 *
 * @param template {@code data.chat_template}, with the reason
 * @param prompts to continue before and after training; empty where evaluation rows are asked
 */
record TextDraft(FormatChoice format, Reasoned template, List<String> prompts) implements TaskDraft {
    private static final int PROMPT = 300; // characters of a row's beginning that is worth being a prompt
    private static final int PROMPTS = 2;
    private static final String BASES = "auto"; // the chat template of the base

    static TextDraft of(ColumnSurvey survey, FormatChoice format, boolean hasTemplate) {
        return new TextDraft(
                format,
                template(format, hasTemplate),
                format.format() == Format.TEXT ? prompts(survey, format) : List.of());
    }

    private static Reasoned template(FormatChoice format, boolean hasTemplate) {
        if (hasTemplate) {
            return new Reasoned(BASES, "the base's own");
        }
        return format.format().needsTemplate()
                ? new Reasoned(
                        NamedTemplates.names().get(0),
                        "the base has none; this one closes answers with the base's own end token")
                : new Reasoned("none", "the base has none: prompt and completion are joined as they are");
    }

    /** Beginnings of texts, as the rows have them. */
    private static List<String> prompts(ColumnSurvey survey, FormatChoice format) {
        List<String> columns = format.columns().get("text");
        String first =
                survey.find(columns.get(0)).map(ColumnSurvey.Column::first).orElse("");
        if (columns.size() > 1) {
            return first.isBlank() || first.length() > PROMPT ? List.of() : List.of(first + "\n");
        }
        String[] words = first.strip().split("\\s+");
        int count = Math.max(1, Math.min(6, words.length / PROMPTS));
        String beginning = String.join(" ", List.of(words).subList(0, count));
        return beginning.isBlank() || beginning.length() > PROMPT ? List.of() : List.of(beginning);
    }

    @Override
    public ModelTask task() {
        return ModelTask.causalLm();
    }

    @Override
    public void model(RecipeText text) {}

    @Override
    public void data(RecipeText text) {
        if (format.format().mayUseTemplate()) {
            boolean isConversation = format.format().needsTemplate();
            text.key("chat_template", template.value(), template.why());
            text.key(
                    "train_on",
                    isConversation ? "assistant" : "completion",
                    isConversation ? "every answer, with what ends it" : "the answer and what ends it");
        }
    }

    @Override
    public int largestBatch() {
        return 8;
    }

    @Override
    public double learningRate(long parameters) {
        return parameters < 100_000_000 ? 1e-4 : 2e-5;
    }

    @Override
    public void training(RecipeText text) {}

    @Override
    public void generation(RecipeText text, RowLengths lengths) {
        int tokens = Math.max(16, Math.min(128, RowLengths.rounded(lengths.answer(), 16)));
        if (prompts.isEmpty()) {
            text.section("generation").key("eval_prompts", 3, "so many evaluation rows are answered before and after");
        } else {
            text.section("generation").key("prompts", prompts, "continued before and after training");
            tokens = 50;
        }
        text.key("max_new_tokens", tokens, prompts.isEmpty() ? "nearly all answers have fewer" : "");
    }

    @Override
    public Optional<TaskDraft> with(Reasoned other) {
        return template.value().equals(BASES) ? Optional.of(new TextDraft(format, other, prompts)) : Optional.empty();
    }
}
