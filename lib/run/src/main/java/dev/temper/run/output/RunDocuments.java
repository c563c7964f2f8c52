package dev.temper.run.output;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.Secrets;
import dev.temper.recipe.Locations;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.YamlText;
import dev.temper.report.EvaluationReport;
import dev.temper.report.ModelCard;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.report.RunReport;
import dev.temper.report.Usage;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat;
import dev.temper.track.Metric;
import dev.temper.train.objective.Objective.Conversation;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What people read of a run: report.html, and the README.md of the model.
 *
 * @param recipe with the precision that was chosen
 * @param base of the model
 * @param chat what the rows were written by
 * @param began when this command did
 */
public record RunDocuments(
        Recipe recipe, RunSummary summary, List<String> version, Folder base, ChatFormat chat, Instant began) {
    /**
     * The whole page.
     *
     * @param warnings what the user was told
     */
    public String report(List<Picture> pictures, List<String> warnings) {
        RunReport report = new RunReport(recipe.name(), "finished; " + summary.stopped())
                .facts(facts())
                .rows(rows(summary.data()))
                .scores(summary.finalScores())
                .metrics(summary.metrics())
                .samples(summary.samples())
                .warnings(warnings);
        summary.report().ifPresent(report::evaluation);
        pictures.forEach(report::picture);
        return Secrets.maskedValues(report.html());
    }

    public static RunReport.Rows rows(PreparedData data) {
        return new RunReport.Rows(
                data.rows().in(),
                data.rows().trained(),
                data.rows().evaluated(),
                data.rows().rejected());
    }

    /**
     * Curves of the losses, and of some scores.
     *
     * @param names of the scores, without {@code eval/}
     */
    public static List<Picture> curves(List<Metric> metrics, List<String> names) throws NoFontsException {
        List<Picture> pictures = new ArrayList<>();
        List<Metric> losses = named(Set.of("train/loss", "eval/loss"), metrics);
        if (!losses.isEmpty()) {
            pictures.add(Picture.curves("Loss", losses));
        }
        List<Metric> scores = named(names.stream().map(name -> "eval/" + name).collect(Collectors.toSet()), metrics);
        if (!scores.isEmpty()) {
            pictures.add(Picture.curves("Scores on the evaluation rows", scores));
        }
        return pictures;
    }

    private static List<Metric> named(Set<String> names, List<Metric> metrics) {
        return metrics.stream().filter(metric -> names.contains(metric.name())).toList();
    }

    public String modelCard() throws IOException {
        boolean isAdapter = recipe.adapter().isPresent();
        ModelCard.Kind kind = isAdapter ? ModelCard.Kind.ADAPTER : ModelCard.Kind.MODEL;
        Optional<String> id = HubNames.model(base); // a folder's path is nobody's business
        Optional<Conversation> conversation = Optional.of(chat)
                .filter(ChatFormat::hasTemplate)
                .map(any -> new Conversation(recipe.data().system()));
        String card = new ModelCard(
                        recipe.name(),
                        kind,
                        Usage.of(recipe.model().objective().example(conversation), kind, id),
                        id,
                        isAdapter ? List.of("lora") : List.of(),
                        Locations.lastName(evaluated()),
                        summary.finalScores(),
                        summary.report().map(EvaluationReport::shown).orElse(List.of()),
                        facts(),
                        settings(),
                        new ModelCard.Hub(HubNames.license(base), HubNames.datasets(recipe)))
                .markdown();
        return Secrets.maskedValues(card);
    }

    /** Where the rows that were evaluated come from: a part of the training data where the recipe has no others. */
    private String evaluated() {
        return recipe.data()
                .eval()
                .orElseGet(() -> recipe.data().train().get(0))
                .name();
    }

    private Map<String, String> facts() {
        Map<String, String> facts = RunFacts.known(recipe, summary.data(), chat);
        facts.putAll(RunFacts.outcome(summary, recipe.cluster().workers(), version, began));
        return facts;
    }

    /** Settings of training, and of the adapter. */
    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        JsonNode tree = YamlText.parse(RecipeFile.resolved(recipe), "the recipe");
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
}
