package dev.temper.run.draft;

import dev.temper.text.Format;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A recipe in the making: what was found, and how it is written down.
 *
 * @param request what the user asked for
 * @param parameters of the base
 * @param format of the rows
 * @param labels names of the classes, with how many rows each has; empty where it is no classifier
 * @param template {@code data.chat_template}, with the reason
 * @param hasEvalSplit the data has files to evaluate on beside those to train on
 * @param prompts to continue before and after training; empty where evaluation rows are asked
 */
record RecipeDraft(
        RecipeRequest request,
        String name,
        long parameters,
        ColumnSurvey survey,
        FormatChoice format,
        Map<String, Long> labels,
        Reasoned template,
        boolean hasEvalSplit,
        List<String> prompts) {
    private static final int ENOUGH = 50; // updates in an epoch

    /** A value and why it was chosen. */
    record Reasoned(Object value, String why) {}

    /** The same with another chat template. */
    RecipeDraft with(Reasoned other) {
        return new RecipeDraft(request, name, parameters, survey, format, labels, other, hasEvalSplit, prompts);
    }

    boolean isClassifier() {
        return format.format() == Format.CLASSIFICATION;
    }

    /** To measure rows with: all that decides how they become tokens. */
    String measuring() {
        RecipeText text = new RecipeText().key("name", name, "");
        model(text, new SizeChoice(SizeChoice.Kind.FULL, ""));
        data(text, Optional.empty(), 0);
        return text.top().key("output", "none", "").toString();
    }

    /** @param plan how much memory a worker needs, for people; empty: not known yet */
    String text(SizeChoice size, RowLengths lengths, int positions, String plan) {
        RecipeText text = new RecipeText();
        text.comment("Written by temper init. Each line says why; change what you know better.");
        text.comment("");
        text.comment("temper preview %s: the rows as the model will see them".formatted(request.recipe()));
        text.comment(
                "temper plan %s: memory and time%s".formatted(request.recipe(), plan.isEmpty() ? "" : ", " + plan));
        text.comment("temper run %s: trains".formatted(request.recipe()));
        text.top().key("name", name, "");
        model(text, size);
        if (size.hasAdapter()) {
            text.section("adapter")
                    .key("type", "lora", "")
                    .key("r", 8, "more: more accuracy, more memory")
                    .key("lora_alpha", 16, "commonly twice r")
                    .key("lora_dropout", 0.05, "")
                    .key("target_modules", "all-linear", "all projections but the output head");
        }
        data(text, Optional.of(lengths), positions);
        training(text, size);
        if (!isClassifier()) {
            generation(text, lengths);
        }
        String output = request.output().orElse("output/" + name);
        return text.top().key("output", output, "").toString();
    }

    private void model(RecipeText text, SizeChoice size) {
        text.section("model").key("base", request.base(), "");
        text.key("task", isClassifier() ? "sequence_classification" : "causal_lm", "");
        if (isClassifier()) {
            boolean areNumbers = labels.keySet().stream().allMatch(ColumnSurvey::isNumber);
            text.key(
                    "labels",
                    List.copyOf(labels.keySet()),
                    areNumbers
                            ? "as in the data; names are easier to read: put them here in this order, from 0 on"
                            : "as in the data, or the names of 0, 1, … there");
        }
        text.key("precision", "auto", "bf16 where the processors multiply it faster, measured");
        if (!size.why().isEmpty()) {
            text.comment(size.why());
        }
        if (size.kind() == SizeChoice.Kind.QLORA) {
            text.key("quantization", Map.of("type", "nf4"), "4 bits a weight");
        }
    }

    /** @param lengths empty: not measured yet */
    private void data(RecipeText text, Optional<RowLengths> lengths, int positions) {
        text.section("data").key("train", request.data(), survey.size());
        if (request.eval().isPresent() || hasEvalSplit) {
            text.key(
                    "eval", request.eval().orElse(request.data()), hasEvalSplit ? "its files to validate or test" : "");
        } else {
            text.key(
                    "eval_fraction",
                    survey.rows() < 100 ? 0.2 : 0.1,
                    "by hash of a row's content: the others are trained on");
        }
        if (!survey.table().encoding().equals("UTF-8")) {
            text.key("encoding", survey.table().encoding(), "");
        }
        if (!survey.table().delimiter().equals(",")) {
            text.key("delimiter", survey.table().delimiter(), "of the first line");
        }
        if (!survey.table().header()) {
            text.key("header", false, "the first line is a row, too");
        }
        text.key("format", format.format().name().toLowerCase(Locale.ROOT), format.why());
        text.key("columns", columns(), "");
        if (format.columns().values().stream().anyMatch(names -> names.size() > 1)) {
            text.key("separator", "\n", "between joined columns");
        }
        if (format.format() != Format.TEXT && !isClassifier()) {
            text.key("chat_template", template.value(), template.why());
            text.key("train_on", isConversation() ? "assistant" : "completion", learned());
        }
        if (lengths.isPresent()) {
            int maxLength = lengths.get().maxLength(positions);
            text.key("max_length", maxLength, lengths.get().reason(maxLength, positions));
            double share = lengths.get().rejectedShare(maxLength);
            if (share > 0.005) {
                double allowed = Math.min(1, Math.ceil(200 * share) / 100);
                String why = "%.1f %% of the rows looked at are rejected, ".formatted(100 * share);
                text.key("max_rejected_fraction", allowed, why + lengths.get().rejection(maxLength));
            }
        }
    }

    private boolean isConversation() {
        return format.format() == Format.MESSAGES || format.format() == Format.SHAREGPT;
    }

    private String learned() {
        return isConversation() ? "every answer, with what ends it" : "the answer and what ends it";
    }

    /** A single column without its list. */
    private Map<String, Object> columns() {
        Map<String, Object> columns = new LinkedHashMap<>();
        format.columns().forEach((role, names) -> columns.put(role, names.size() == 1 ? names.get(0) : names));
        return columns;
    }

    private void training(RecipeText text, SizeChoice size) {
        long rows = survey.rows();
        int epochs = rows < 1000 ? 3 : rows < 5000 ? 2 : 1;
        int batch = 2;
        while (batch < (isClassifier() ? 16 : 8) && 2L * batch * ENOUGH <= rows) {
            batch *= 2;
        }
        text.section("training");
        text.key(
                "num_train_epochs", epochs, "passes over %s; more when eval/loss still falls".formatted(survey.size()));
        text.key("batch_size", batch, "rows an update: %,d updates a pass".formatted((rows + batch - 1) / batch));
        text.key("learning_rate", learningRate(size), "");
        if (size.kind() == SizeChoice.Kind.QLORA) {
            text.key("optim", "adamw_8bit", "2 bytes for each trained weight instead of 8");
            text.key("gradient_checkpointing", true, "layers are computed twice, so that one at a time is dense");
        }
        if (isClassifier()) {
            long most = labels.values().stream().mapToLong(n -> n).max().orElse(0);
            long least = labels.values().stream().mapToLong(n -> n).min().orElse(0);
            boolean isUneven = least > 0 && most > 3 * least;
            if (isUneven) {
                text.key("class_weights", "balanced", "classes have from %,d to %,d rows".formatted(least, most));
            }
            text.key("metric_for_best_model", isUneven ? "f1_macro" : "accuracy", "");
            text.key("load_best_model_at_end", true, "the model that is saved is that of the best epoch");
        }
    }

    /** What is usual for the kind of training; small models take larger ones. */
    private double learningRate(SizeChoice size) {
        if (size.hasAdapter()) {
            return 2e-4;
        }
        if (parameters < 20_000_000) {
            return 1e-3;
        }
        return isClassifier() ? 5e-5 : parameters < 100_000_000 ? 1e-4 : 2e-5;
    }

    private void generation(RecipeText text, RowLengths lengths) {
        int tokens = Math.max(16, Math.min(128, RowLengths.rounded(lengths.answer(), 16)));
        if (prompts.isEmpty()) {
            text.section("generation").key("eval_prompts", 3, "so many evaluation rows are answered before and after");
        } else {
            text.section("generation").key("prompts", prompts, "continued before and after training");
            tokens = 50;
        }
        text.key("max_new_tokens", tokens, prompts.isEmpty() ? "nearly all answers have fewer" : "");
    }
}
