package dev.temper.run.output;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.Secrets;
import dev.temper.quant.Quantization;
import dev.temper.recipe.Locations;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeTemplate;
import dev.temper.report.ModelCard;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.source.FileHash;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import dev.temper.train.config.TrainingConfig;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What people ask first of a run, as report and model card say it: names and values, in this order. */
public final class RunFacts {
    private static final int SHOWN_FILES = 4;
    static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private RunFacts() {}

    /**
     * What is known before training.
     *
     * @param recipe with the precision that was chosen
     * @param chat what the rows were written by
     */
    public static Map<String, String> known(Recipe recipe, PreparedData data, ChatFormat chat) {
        boolean isChat = chat.hasTemplate();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("base model", Locations.lastName(recipe.model().base()));
        facts.put("task", recipe.model().task().label());
        facts.putAll(recipe.model().objective().facts());
        if (recipe.model().objective().writesText()) {
            facts.put("chat template", template(recipe, isChat));
            Map<String, Object> variables = isChat ? RecipeTemplate.variables(recipe) : Map.of();
            if (!variables.isEmpty()) {
                facts.put(
                        "chat template variables",
                        new ObjectMapper().valueToTree(variables).toString());
            }
            recipe.data().system().filter(text -> isChat).ifPresent(text -> facts.put(ModelCard.SYSTEM_MESSAGE, text));
        }
        facts.put("adapter", recipe.adapter().map(RunFacts::adapter).orElse("none: all weights are trained"));
        facts.put(
                "quantization",
                recipe.model().quantization().map(RunFacts::quantization).orElse("none"));
        facts.put("precision", recipe.model().precision().label());
        training(recipe, facts);
        data(data, facts);
        return facts;
    }

    private static String template(Recipe recipe, boolean isChat) {
        return switch (isChat ? recipe.data().chatTemplate() : "none") {
            case "none" -> "none: texts are as they are";
            case "auto" -> "the tokenizer's";
            default -> "the recipe's, in chat_template.jinja";
        };
    }

    private static String adapter(LoraConfig lora) {
        return lora.initFrom()
                .map(from -> "LoRA, continued from " + Locations.lastName(from))
                .orElseGet(() -> text(
                        "LoRA, r %d, lora_alpha %s, lora_dropout %s, on %s",
                        lora.r(),
                        number(lora.loraAlpha()),
                        number(lora.loraDropout()),
                        lora.targetModules().stream().map(String::valueOf).collect(Collectors.joining(", "))));
    }

    private static String quantization(Quantization by) {
        return by.type().name().toLowerCase(Locale.ROOT) + (by.doubleQuant() ? ", double quantization" : "");
    }

    private static void training(Recipe recipe, Map<String, String> facts) {
        TrainingConfig training = recipe.training();
        facts.put(
                "learning rate",
                text(
                        "%s, %s",
                        number(training.peakLearningRate()),
                        training.lrSchedulerType().name().toLowerCase(Locale.ROOT)));
        facts.put("optimizer", training.optim().name().toLowerCase(Locale.ROOT));
        DataConfig.Packing packing = recipe.data().packing();
        facts.put(
                "batch",
                text(
                        "%,d %s an update, of at most %,d tokens each",
                        training.batchSize(),
                        packing == DataConfig.Packing.NONE ? "rows" : "packs",
                        recipe.data().maxLength()));
    }

    private static void data(PreparedData data, Map<String, String> facts) {
        facts.put("rows", data.rows().toString());
        facts.put(
                "tokens",
                text(
                        "%,d to train on, %,d to evaluate on",
                        data.tokens().train(), data.tokens().eval()));
        facts.put("training data", files(data.files().train(), data));
        facts.put(
                "evaluation data",
                data.rows().evaluated() == 0
                        ? "none: nothing was evaluated"
                        : data.files().eval().isEmpty()
                                ? "rows of the training data"
                                : files(data.files().eval(), data));
    }

    /** The last parts of their names: the path before it is nobody's business. */
    private static String files(List<String> files, PreparedData data) {
        String shown = files.stream()
                .limit(SHOWN_FILES)
                .map(file -> Locations.lastName(Secrets.masked(file))
                        + hash(data.hashes().get(file)))
                .collect(Collectors.joining("; "));
        int more = files.size() - SHOWN_FILES;
        return more > 0 ? shown + text("; and %,d more, which manifest.json lists", more) : shown;
    }

    private static String hash(FileHash hash) {
        return hash == null ? "" : (hash.isOfPieces() ? ", SHA-256 of pieces " : ", SHA-256 ") + hash.sha256();
    }

    /** What came of it. */
    static Map<String, String> outcome(RunSummary summary, int workers, List<String> version, Instant began) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("parameters", text("%,d of %,d trained", summary.trainableParameters(), summary.totalParameters()));
        facts.put("updates", text("%,d; %s", summary.outcome().steps(), summary.stopped()));
        summary.skipped().ifPresent(skipped -> facts.put("skipped", skipped));
        if (summary.outcome().keptStep() < summary.outcome().steps()) {
            facts.put(
                    "kept", text("the model after update %,d", summary.outcome().keptStep()));
        }
        summary.loss().text().ifPresent(loss -> facts.put("loss", loss));
        facts.put("training", text("%.1f s, %,.0f tokens/s", summary.seconds(), summary.tokensPerSecond()));
        double seconds = Duration.between(began, Instant.now()).toMillis() / 1e3;
        facts.put("this command", text("began %s, took %.0f s", MINUTE.format(began), seconds));
        if (!summary.machine().isEmpty()) {
            facts.put("machine", (workers > 1 ? text("%d workers, the first on ", workers) : "") + summary.machine());
        }
        summary.memory().ifPresent(memory -> facts.put("memory", memory));
        facts.put("Temper", String.join(" ", version));
        return facts;
    }

    private static String number(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
