package dev.temper.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.temper.eval.ClassificationReport;
import dev.temper.model.Task;
import dev.temper.train.objective.Objective.Conversation;
import dev.temper.train.objective.Objectives;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class ModelCardTest {
    private static final String ODD = "yes: \"no\" # 'x' {a} *b* \\ | <script> 1e3\nsecond";

    @Test
    void frontMatterHasTheHubsKeys() throws Exception {
        ClassificationReport report = Examples.films();
        String card = classifier(report.scores()).markdown();
        JsonNode yaml = frontMatter(card);

        Path folder = Files.createDirectories(Path.of("target", "card-example")); // to look at
        Files.writeString(folder.resolve("README.md"), card);
        assertThat(yaml.fieldNames())
                .toIterable()
                .containsExactly(
                        "base_model",
                        "base_model_relation",
                        "license",
                        "license_name",
                        "library_name",
                        "pipeline_tag",
                        "datasets",
                        "metrics",
                        "tags",
                        "model-index");
        assertThat(yaml.path("license").textValue()).isEqualTo("other");
        assertThat(yaml.path("license_name").textValue()).isEqualTo("no: \"idea\"");
        assertThat(yaml.path("datasets").toString()).isEqualTo("[\"stanfordnlp/imdb\"]");
        assertThat(yaml.path("metrics").toString())
                .isEqualTo("[\"accuracy\",\"precision\",\"recall\",\"f1\",\"roc_auc\",\"matthews_correlation\"]");
        assertThat(yaml.path("base_model").textValue()).isEqualTo("google-bert/bert-base-cased");
        assertThat(yaml.path("base_model_relation").textValue()).isEqualTo("adapter");
        assertThat(yaml.path("library_name").textValue()).isEqualTo("peft");
        assertThat(yaml.path("pipeline_tag").textValue()).isEqualTo("text-classification");
        assertThat(yaml.path("tags")).extracting(JsonNode::textValue).containsExactly("temper", "lora");
        JsonNode result = yaml.path("model-index").path(0).path("results").path(0);
        assertThat(result.path("task").path("type").textValue()).isEqualTo("text-classification");
        assertThat(result.path("dataset").path("name").textValue()).isEqualTo("imdb_small");
        assertThat(result.path("dataset").path("type").textValue()).isEqualTo("imdb_small");
        Map<String, Double> metrics = new LinkedHashMap<>();
        result.path("metrics")
                .forEach(metric -> metrics.put(
                        metric.path("type").textValue(), metric.path("value").doubleValue()));
        assertThat(metrics).isEqualTo(report.scores());
    }

    @Test
    void oddTextsComeBackFromTheFrontMatterAsTheyWere() throws Exception {
        for (String odd : List.of(ODD, "no", "1.0", "null", "~", "- a", "@x", "a: b", "漢字 \uD83D\uDE00", "\u0085 x")) {
            ModelCard card = new ModelCard(
                    odd,
                    ModelCard.Kind.MODEL,
                    asked(ModelCard.Kind.MODEL, Optional.of(odd), List.of()),
                    Optional.of(odd),
                    List.of(odd),
                    odd,
                    Map.of("eval/loss", 1.5),
                    List.of(),
                    Map.of(),
                    Map.of(),
                    ModelCard.Hub.NOTHING);
            JsonNode yaml = frontMatter(card.markdown());

            assertThat(yaml.path("base_model").textValue()).isEqualTo(odd);
            assertThat(yaml.path("tags").path(1).textValue()).isEqualTo(odd);
            JsonNode index = yaml.path("model-index").path(0);
            assertThat(index.path("name").textValue()).isEqualTo(odd);
            JsonNode result = index.path("results").path(0);
            assertThat(result.path("dataset").path("name").textValue()).isEqualTo(odd);
            assertThat(result.path("metrics").path(0).path("type").textValue()).isEqualTo("loss");
            assertThat(result.path("metrics").path(0).path("name").textValue()).isEqualTo("eval/loss");
        }
    }

    @Test
    void tablesShowResultsClassesAndSettings() {
        String card = classifier(Examples.films().scores()).markdown();

        assertThat(card)
                .contains(
                        "\n# imdb-bert\n",
                        "| rows trained | 500 |",
                        "## Results on imdb_small\n\n| name | value |\n| --- | --- |\n| accuracy | 0.8860 |",
                        "| class | precision | recall | specificity | f1 | roc_auc | support |",
                        "| Negative | 0.9031 | 0.8792 | 0.8936 | 0.8910 |",
                        "| learning_rate | 2e-5 |",
                        "Classification.from_pretrained(\"google-bert/bert-base-cased\", num_labels=2)",
                        "zip([\"Negative\", \"Positive\"], probabilities)",
                        "temper classify path/to/the/base/model --adapter path/to/this/folder --labels"
                                + " 'Negative,Positive' --text \"...\"\n",
                        "temper evaluate path/to/the/base/model recipe.yaml --adapter path/to/this/folder\n");
    }

    @Test
    void aModelWithoutScoresOrHubIdSaysNothingOfThem() throws Exception {
        ModelCard card = new ModelCard(
                "plain",
                ModelCard.Kind.MODEL,
                asked(ModelCard.Kind.MODEL, Optional.empty(), List.of()),
                Optional.empty(),
                List.of(),
                "rows",
                Map.of("eval/loss", Double.NaN),
                List.of(),
                Map.of(),
                Map.of(),
                ModelCard.Hub.NOTHING);

        assertThat(card.markdown()).startsWith("---\n# base_model: the base came from a folder;");
        assertThat(frontMatter(card.markdown()).fieldNames())
                .toIterable()
                .containsExactly("library_name", "pipeline_tag", "tags");
        assertThat(card.markdown())
                .doesNotContain("NaN", "## Results", "## Classes", "peft")
                .contains("temper generate path/to/this/folder --raw --prompt \"...\"");
    }

    @Test
    void theExamplesGiveTheTrainedFormat() {
        String card = new ModelCard(
                        "yoda",
                        ModelCard.Kind.ADAPTER,
                        asked(ModelCard.Kind.ADAPTER, "Don't \"explain\"."),
                        Optional.empty(),
                        List.of(),
                        "rows",
                        Map.of(),
                        List.of(),
                        Map.of(ModelCard.SYSTEM_MESSAGE, "Don't \"explain\"."),
                        Map.of(),
                        ModelCard.Hub.NOTHING)
                .markdown();

        assertThat(card)
                .contains(
                        "\nmessages = [{\"role\": \"system\", \"content\": \"Don't \\\"explain\\\".\"},"
                                + " {\"role\": \"user\", \"content\": \"...\"}]\n",
                        "\nanswer = output[inputs[\"input_ids\"].shape[1]:]\n",
                        "temper generate path/to/the/base/model --adapter path/to/this/folder"
                                + " --system 'Don'\\''t \"explain\".' --prompt \"...\"\n");
        assertThat(Markdown.argument("two\n```\nlines")).isEqualTo("'...'");
    }

    /** A merged model's card says what its adapter's says. */
    @Test
    void aCardIsReadBack() {
        Map<String, String> training = new LinkedHashMap<>();
        training.put("a | b \\", ODD + " &amp; _x_ &lt; <b> \\| \\_");
        training.put(ModelCard.SYSTEM_MESSAGE, "Two\nlines, \"quoted\" \\ | é");
        training.put("empty", "");
        ModelCard chat = new ModelCard(
                "a *card* _of_ | chats",
                ModelCard.Kind.ADAPTER,
                asked(ModelCard.Kind.ADAPTER, training.get(ModelCard.SYSTEM_MESSAGE)),
                Optional.empty(),
                List.of("lora", "mine"),
                "rows",
                Map.of("eval/loss", 1.0 / 3),
                List.of(),
                training,
                Map.of("training.x", "1"),
                ModelCard.Hub.NOTHING);
        List<ResultTable> classes = List.of(ResultTable.shown(
                "Odd | ones", List.of("a|b", "---"), List.of(List.of(Double.NaN, "--- x"), List.of("|-", 12_345L))));
        ModelCard odd = new ModelCard(
                "odd",
                ModelCard.Kind.MODEL,
                asked(ModelCard.Kind.MODEL, Optional.of("a/b"), List.of("a|b")),
                Optional.of("a/b"),
                List.of(),
                "rows",
                Map.of(),
                classes,
                Map.of(),
                Map.of(),
                ModelCard.Hub.NOTHING);
        for (ModelCard card : List.of(chat, odd, classifier(Examples.films().scores()))) {
            String written = card.markdown();
            assertThat(ModelCard.read(written).orElseThrow().markdown()).isEqualTo(written);
        }
        assertThat(ModelCard.read(chat.markdown()).orElseThrow().training())
                .containsEntry("a | b \\", ODD.replace('\n', ' ') + " &amp; _x_ &lt; <b> \\| \\_")
                .containsEntry(ModelCard.SYSTEM_MESSAGE, training.get(ModelCard.SYSTEM_MESSAGE));
    }

    @Test
    void anotherTextIsNoCardOfOurs() {
        for (String other : List.of(
                "",
                "# Model\n",
                "---\ntags: [lora]\n---\n# a\n",
                "---\ntags: [temper\n---\n# a\n",
                "---\ntags: temper\n---\n")) {
            assertThat(ModelCard.read(other)).as(other).isEmpty();
        }
    }

    @Test
    void textsAreNoMarkup() {
        assertThat(Markdown.escaped(ODD)).isEqualTo("yes: \"no\" \\# 'x' {a} \\*b\\* \\\\ \\| &lt;script> 1e3 second");
        assertThat(Markdown.escaped("[a](http://x) ![b](y) | c \u202ed\u001b[0m\u2028e <https://z>"))
                .isEqualTo("\\[a\\](http://x) \\!\\[b\\](y) \\| c \\\\u202ed \\[0m\\\\u2028e &lt;https://z>");
        assertThat(Markdown.escaped("learning_rate _x_")).isEqualTo("learning_rate \\_x\\_");
        assertThat(Markdown.quoted("a \"b\" \\ \n")).isEqualTo("\"a \\\"b\\\" \\\\ \\n\"");
    }

    private static ModelCard classifier(Map<String, Double> scores) {
        return new ModelCard(
                "imdb-bert",
                ModelCard.Kind.ADAPTER,
                asked(ModelCard.Kind.ADAPTER, Optional.of("google-bert/bert-base-cased"), Examples.FILMS),
                Optional.of("google-bert/bert-base-cased"),
                List.of("lora"),
                "imdb_small",
                scores,
                Examples.filmTables().shown(),
                Map.of("rows trained", "500"),
                Map.of("learning_rate", "2e-5"),
                new ModelCard.Hub(
                        new TreeMap<>(Map.of("license", "other", "license_name", "no: \"idea\"")),
                        List.of("stanfordnlp/imdb")));
    }

    /** Of a classifier, or without labels of a model that continues texts. */
    private static Usage asked(ModelCard.Kind kind, Optional<String> base, List<String> labels) {
        Task task = labels.isEmpty() ? Task.CAUSAL_LM : Task.SEQUENCE_CLASSIFICATION;
        return Usage.of(Objectives.of(task, labels).example(Optional.empty()), kind, base);
    }

    private static Usage asked(ModelCard.Kind kind, String system) {
        Conversation conversation = new Conversation(Optional.of(system));
        return Usage.of(
                Objectives.of(Task.CAUSAL_LM, List.of()).example(Optional.of(conversation)), kind, Optional.empty());
    }

    private static JsonNode frontMatter(String card) throws Exception {
        assertThat(card).startsWith("---\n");
        return new YAMLMapper().readTree(card.substring(4, card.indexOf("\n---\n", 4)));
    }
}
