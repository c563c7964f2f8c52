package dev.temper.run.draft;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A recipe in the making: what was found, and how it is written down.
 *
 * @param request what the user asked for
 * @param parameters of the base
 * @param task what it learns
 * @param hasEvalSplit the data has files to evaluate on beside those to train on
 */
record RecipeDraft(
        RecipeRequest request,
        String name,
        long parameters,
        ColumnSurvey survey,
        TaskDraft task,
        boolean hasEvalSplit) {
    private static final int ENOUGH = 50; // updates in an epoch

    RecipeDraft with(TaskDraft other) {
        return new RecipeDraft(request, name, parameters, survey, other, hasEvalSplit);
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
        task.generation(text, lengths);
        String output = request.output().orElse("output/" + name);
        return text.top().key("output", output, "").toString();
    }

    private void model(RecipeText text, SizeChoice size) {
        text.section("model").key("base", request.base(), "");
        text.key("task", task.task().kind().label(), "");
        task.model(text);
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
        FormatChoice format = task.format();
        text.key("format", format.format().label(), format.why());
        text.key("columns", columns(), "");
        if (format.columns().values().stream().anyMatch(names -> names.size() > 1)) {
            text.key("separator", "\n", "between joined columns");
        }
        task.data(text);
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

    /** A single column without its list. */
    private Map<String, Object> columns() {
        Map<String, Object> columns = new LinkedHashMap<>();
        task.format().columns().forEach((role, names) -> columns.put(role, names.size() == 1 ? names.get(0) : names));
        return columns;
    }

    private void training(RecipeText text, SizeChoice size) {
        long rows = survey.rows();
        int epochs = rows < 1000 ? 3 : rows < 5000 ? 2 : 1;
        int batch = 2;
        while (batch < task.largestBatch() && 2L * batch * ENOUGH <= rows) {
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
        task.training(text);
    }

    /** What is usual for the kind of training; small models take larger ones. */
    private double learningRate(SizeChoice size) {
        if (size.hasAdapter()) {
            return 2e-4;
        }
        if (parameters < 20_000_000) {
            return TaskDraft.SMALL_RATE;
        }
        return task.learningRate(parameters);
    }
}
