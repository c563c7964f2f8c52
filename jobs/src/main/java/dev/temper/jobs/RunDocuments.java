package dev.temper.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.Secrets;
import dev.temper.eval.ClassificationReport;
import dev.temper.report.ModelCard;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.report.RunReport;
import dev.temper.track.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What people read of a run: report.html, and the README.md of the model.
 *
 * @param isChat whether the rows were written by a chat template
 */
record RunDocuments(Recipe recipe, RunSummary summary, List<String> version, boolean isChat) {
    /**
     * The whole page.
     *
     * @param warnings what the user was told
     */
    String report(List<Picture> pictures, List<String> warnings) {
        RunReport report = new RunReport(recipe.name(), "finished; " + summary.stopped())
                .facts(facts())
                .rows(new RunReport.Rows(
                        summary.data().rows().in(),
                        summary.data().rows().trained(),
                        summary.data().rows().evaluated(),
                        summary.data().rows().rejected()))
                .scores(summary.finalScores())
                .metrics(summary.metrics())
                .samples(summary.samples())
                .warnings(warnings);
        summary.report().ifPresent(report::classification);
        pictures.forEach(report::picture);
        return Secrets.maskedValues(report.html());
    }

    /** Curves of the losses, and of a classifier's accuracy. */
    List<Picture> curves() throws NoFontsException {
        List<Picture> pictures = new ArrayList<>();
        pictures.add(Picture.curves("Loss", metrics(Set.of("train/loss", "eval/loss"))));
        List<Metric> scores = metrics(Set.of("eval/accuracy", "eval/f1_macro"));
        if (!scores.isEmpty()) {
            pictures.add(Picture.curves("Scores on the evaluation rows", scores));
        }
        return pictures;
    }

    private List<Metric> metrics(Set<String> names) {
        return summary.metrics().stream()
                .filter(metric -> names.contains(metric.name()))
                .toList();
    }

    String modelCard() {
        boolean isAdapter = recipe.adapter().isPresent();
        boolean isClassifier = recipe.model().isClassifier();
        String card = new ModelCard(
                        recipe.name(),
                        isAdapter ? ModelCard.Kind.ADAPTER : ModelCard.Kind.MODEL,
                        isClassifier
                                ? ModelCard.Task.TEXT_CLASSIFICATION
                                : isChat ? ModelCard.Task.CHAT : ModelCard.Task.TEXT_GENERATION,
                        Optional.empty(), // a folder's path is nobody's business
                        recipe.model().labels(),
                        isAdapter ? List.of("lora") : List.of(),
                        lastName(evaluated()),
                        summary.finalScores(),
                        summary.report().map(ClassificationReport::perClass).orElse(List.of()),
                        facts(),
                        settings())
                .markdown();
        return Secrets.maskedValues(card);
    }

    /** Where the rows that were evaluated come from: a part of the training data where the recipe has no others. */
    private String evaluated() {
        return recipe.data().eval().orElseGet(() -> recipe.data().train().get(0).location());
    }

    private Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("base model", lastName(recipe.model().base()));
        facts.put("task", recipe.model().task().name().toLowerCase(Locale.ROOT));
        if (recipe.model().isClassifier()) {
            facts.put("classes", String.join(", ", recipe.model().labels()));
        }
        if (!recipe.model().isClassifier()) {
            facts.put("chat template", template());
            recipe.data().system().filter(text -> isChat).ifPresent(text -> facts.put(ModelCard.SYSTEM_MESSAGE, text));
        }
        facts.put("rows", summary.data().rows().toString());
        facts.put("parameters", number("%,d of %,d trained", summary.trainableParameters(), summary.totalParameters()));
        facts.put("updates", number("%,d; %s", summary.outcome().steps(), summary.stopped()));
        summary.skipped().ifPresent(skipped -> facts.put("skipped", skipped));
        if (summary.outcome().keptStep() < summary.outcome().steps()) {
            facts.put(
                    "kept",
                    number("the model after update %,d", summary.outcome().keptStep()));
        }
        facts.put("training", number("%.1f s, %,.0f tokens/s", summary.seconds(), summary.tokensPerSecond()));
        summary.memory().ifPresent(memory -> facts.put("memory", memory));
        facts.put("Temper", String.join(" ", version));
        return facts;
    }

    private String template() {
        return switch (isChat ? recipe.data().chatTemplate() : "none") {
            case "none" -> "none: texts are as they are";
            case "auto" -> "the tokenizer's";
            default -> "the recipe's, in chat_template.jinja";
        };
    }

    private static String number(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** Settings of training, and of the adapter. */
    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        JsonNode tree = YamlText.parse(recipe.resolved(), "the recipe");
        for (String section : List.of("training", "adapter")) {
            tree.path(section)
                    .fields()
                    .forEachRemaining(entry -> settings.put(section + "." + entry.getKey(), shown(entry.getValue())));
        }
        return settings;
    }

    private static String shown(JsonNode value) {
        return value.isTextual() ? value.textValue() : value.toString();
    }

    /** The last part of a location: the path before it is nobody's business. */
    static String lastName(String location) {
        String path = location.replaceAll("[/\\\\]+$", "");
        return path.replaceAll(".*[/\\\\]", "");
    }
}
