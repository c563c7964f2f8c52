package dev.temper.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The model card, {@code README.md} in a model's or adapter's folder: YAML front matter for the Hugging Face Hub, and
 * Markdown for readers. Everything passed in is published, so it must not contain secrets.
 *
 * @param name of the run
 * @param base the base model's id on the Hub; empty when it came from a folder, whose path is nobody's business
 * @param tags besides {@code temper}, as {@code lora}
 * @param dataset name of the rows that the scores are about
 * @param scores in this order; what is not finite is left out
 * @param tables of the evaluation, if it has any
 * @param training what was trained on what: names and values, in this order; {@link #SYSTEM_MESSAGE}, where it is
 *     there, is in the examples, too
 * @param settings of the training, in this order
 * @param hub what else the Hub reads
 */
public record ModelCard(
        String name,
        Kind kind,
        Usage usage,
        Optional<String> base,
        List<String> tags,
        String dataset,
        Map<String, Double> scores,
        List<ResultTable> tables,
        Map<String, String> training,
        Map<String, String> settings,
        Hub hub) {

    private static final String UNKNOWN_BASE =
            "# base_model: the base came from a folder; put its id on the Hub here, as owner/name\n";

    static final String TAG = "temper";
    static final String TRAINED = "## What was trained";
    static final String RESULTS = "## Results on ";
    static final String USAGE = "## How to use it";
    static final String SETTINGS = "## Training settings";

    /** Key of {@code training}: the system message of conversations that had none. */
    public static final String SYSTEM_MESSAGE = "system message";

    private static final YAMLMapper YAML = new YAMLMapper(YAMLFactory.builder()
            .enable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .build());

    /** Our scores that the Hub knows as metrics of the same name. */
    private static final List<String> METRICS = List.of(
            "accuracy",
            "precision",
            "recall",
            "f1",
            "roc_auc",
            "matthews_correlation",
            "perplexity",
            "exact_match",
            "mse",
            "mae");

    /**
     * Front matter for the Hub.
     *
     * @param license {@code license}, {@code license_name}, {@code license_link} of the base, as far as known
     * @param datasets Hub ids of the training data; empty for other files
     */
    public record Hub(Map<String, String> license, List<String> datasets) {
        public static final Hub NOTHING = new Hub(Map.of(), List.of());

        public Hub {
            license = Collections.unmodifiableMap(ordered(license));
            datasets = List.copyOf(datasets);
        }

        /** The same, with the license of the base when it has one. */
        public Hub over(Map<String, String> ofBase) {
            return new Hub(ofBase.isEmpty() ? license : ofBase, datasets);
        }
    }

    /** The content of the folder. */
    public enum Kind {
        /** An adapter that PEFT loads onto a base model. */
        ADAPTER("peft", "adapter"),
        /** A whole model that transformers loads. */
        MODEL("transformers", "finetune");

        private final String library;
        private final String relation;

        Kind(String library, String relation) {
            this.library = library;
            this.relation = relation;
        }
    }

    public ModelCard {
        tags = List.copyOf(tags);
        tables = List.copyOf(tables);
        scores = ordered(scores);
        scores.values().removeIf(score -> !Double.isFinite(score));
        scores = Collections.unmodifiableMap(scores);
        training = Collections.unmodifiableMap(ordered(training));
        settings = Collections.unmodifiableMap(ordered(settings));
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return new LinkedHashMap<>(map);
    }

    /** Parses a card that Temper wrote; empty for any other text. */
    public static Optional<ModelCard> read(String markdown) {
        return EarlierCard.read(markdown);
    }

    /** The content of the file, to be written as UTF-8. */
    public String markdown() {
        Markdown page = new Markdown().line(frontMatter() + "---").heading("# ", name);
        page.paragraph("Trained with Temper"
                + base.map(id -> " from " + Markdown.escaped(id)).orElse("") + ".");
        page.pairs(TRAINED, training);
        if (!scores.isEmpty()) {
            Map<String, String> shown = new LinkedHashMap<>();
            scores.forEach((score, value) -> shown.put(score, Numbers.shown(value)));
            page.pairs(RESULTS + Markdown.escaped(dataset), shown);
        }
        tables.forEach(table ->
                page.line("## " + Markdown.escaped(table.name()) + "\n").table(table.headers(), table.texts()));
        page.line(USAGE + "\n").code("python", usage.python()).code("sh", usage.shell());
        return page.pairs(SETTINGS, settings).toString();
    }

    private String frontMatter() {
        Map<String, Object> keys = new LinkedHashMap<>();
        base.ifPresent(id -> {
            keys.put("base_model", id);
            keys.put("base_model_relation", kind.relation);
        });
        keys.putAll(hub.license);
        keys.put("library_name", kind.library);
        keys.put("pipeline_tag", usage.pipeline());
        if (!hub.datasets.isEmpty()) {
            keys.put("datasets", hub.datasets);
        }
        if (!metrics().isEmpty()) {
            keys.put("metrics", metrics());
        }
        Set<String> allTags = new LinkedHashSet<>(List.of(TAG));
        allTags.addAll(usage.tags());
        allTags.addAll(tags);
        keys.put("tags", allTags);
        if (!scores.isEmpty()) {
            keys.put("model-index", List.of(modelIndex()));
        }
        try {
            String yaml = YAML.writeValueAsString(keys);
            return base.isPresent() ? yaml : yaml.replaceFirst("\n", "\n" + UNKNOWN_BASE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("strings and numbers are YAML", e);
        }
    }

    private List<String> metrics() {
        return METRICS.stream()
                .filter(metric -> scores.keySet().stream()
                        .map(score -> score.substring(score.lastIndexOf('/') + 1))
                        .anyMatch(score -> score.equals(metric) || score.startsWith(metric + "_")))
                .toList();
    }

    private Map<String, Object> modelIndex() {
        List<Map<String, Object>> metrics = new ArrayList<>();
        scores.forEach((score, value) -> {
            Map<String, Object> metric = new LinkedHashMap<>();
            metric.put("type", score.substring(score.lastIndexOf('/') + 1)); // eval/loss has the type loss
            metric.put("name", score);
            metric.put("value", value);
            metrics.add(metric);
        });
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("task", Map.of("type", usage.pipeline()));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("name", dataset);
        data.put("type", dataset);
        result.put("dataset", data);
        result.put("metrics", metrics);
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("name", name);
        index.put("results", List.of(result));
        return index;
    }
}
