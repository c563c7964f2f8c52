package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.inference.Classification;
import dev.temper.inference.TextClassifier;
import dev.temper.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper classify} on a classifier with random weights. */
final class ClassifyTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG =
            """
            {"model_type": "gpt2", "architectures": ["GPT2ForSequenceClassification"], "vocab_size": 512,
             "n_embd": 15, "n_layer": 2, "n_head": 3, "n_inner": 28, "n_positions": 40,
             "id2label": {"0": "sad", "1": "delighted", "2": "calm"}}
            """;

    @TempDir
    private static Path folder;

    private static List<Classification> expected;

    @BeforeAll
    static void write() throws IOException {
        model("model", CONFIG);
        Files.writeString(folder.resolve("rows.csv"), "id,review\n1,a gull\n2,\n3,\"rain,\nrain\"\n");
        try (TextClassifier classifier = TextClassifier.open(folder.resolve("model"))) {
            expected = classifier.classify(List.of("a gull", "rain,\nrain"));
        }
    }

    private static void model(String name, String config) throws IOException {
        Path model = folder.resolve(name);
        TinyModel.weights(model, config).write(model.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), model.resolve(file));
        }
    }

    @Test
    void textsHaveALineEachWithAllProbabilities() {
        Ended ended = classify("@/model", "--text", "a gull", "--text=rain,\nrain");

        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        List<String> lines = ended.out().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).isEqualTo("label         sad  delighted    calm  text");
        for (int i = 0; i < 2; i++) {
            List<String> cells = List.of(lines.get(i + 1).split(" +", 5));
            assertThat(cells.get(0)).isEqualTo(expected.get(i).label());
            for (int label = 0; label < 3; label++) {
                assertThat(Double.parseDouble(cells.get(1 + label)))
                        .isCloseTo(expected.get(i).probabilities()[label], within(5.1e-5));
            }
        }
        assertThat(lines.get(1)).hasSize(lines.get(0).length() + "a gull".length() - "text".length());
        assertThat(lines.get(2)).endsWith("  rain,\\nrain");
    }

    @Test
    void rowsOfAFileAreObjectsOnLines() throws IOException {
        Ended ended = classify("@/model", "--file=@/rows.csv", "--column=review", "--json");

        assertThat(ended.code()).isZero();
        List<JsonNode> rows = new ArrayList<>();
        for (String line : ended.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        assertThat(rows).extracting(row -> row.get("row").asInt()).containsExactly(1, 2, 3);
        assertThat(rows).extracting(row -> row.get("text").textValue()).containsExactly("a gull", null, "rain,\nrain");
        assertThat(rows.get(1).get("label").isNull()).isTrue();
        assertThat(rows.get(1).get("probabilities")).isEmpty();
        assertThat(ended.err())
                .isEqualTo("temper: 1 rows have no class, as their text is missing or cannot be read: the first is"
                        + " row 2 of " + folder + "/rows.csv\n");
        assertThat(rows.get(2).get("label").asText()).isEqualTo(expected.get(1).label());
        assertThat(rows.get(2).get("score").asDouble())
                .isCloseTo(expected.get(1).score(), within(1e-6));
        assertThat(rows.get(2).at("/probabilities/delighted").asDouble())
                .isCloseTo(expected.get(1).probabilities()[1], within(1e-6));
    }

    @Test
    void whatClassifiesNothingIsNamed() throws IOException {
        Path base = Files.createDirectories(folder.resolve("base"));
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"bert\"}");
        assertThat(classify("@/base", "--text=a").err())
                .isEqualTo("temper: FOLDER: " + folder + "/base holds no classifier: its config.json names none as"
                        + " architectures; name another folder, or give the --adapter that brings one\n");
        model("run/model", CONFIG);
        assertThat(classify("@/run", "--text=a").err())
                .isEqualTo(
                        "temper: FOLDER: %s/run is the output of a run; name %s/run/model\n".formatted(folder, folder));
        assertThat(classify("@/model", "--adapter=@/run", "--text=a").code()).isEqualTo(2);
        assertThat(classify("@/model", "--text=a", "--column=b").err())
                .isEqualTo("temper: --column changes nothing without --file; give that, or leave it out\n");
    }

    @Test
    void manyClassesHaveTheScoreAlone() throws IOException {
        String labels = IntStream.range(0, 9)
                .mapToObj(i -> "\"%d\": \"class %d\"".formatted(i, i))
                .collect(Collectors.joining(", ", "{", "}"));
        model("many", CONFIG.replaceFirst("\\{\"0\".*?}", labels));

        List<String> lines = classify("@/many", "--file=@/rows.csv", "--column=review")
                .out()
                .lines()
                .toList();

        assertThat(lines.get(0)).isEqualTo("label    score   text");
        assertThat(lines.get(1)).matches("class \\d  0\\.\\d{4}  a gull");
        assertThat(lines.get(2)).isEqualTo("-             -  ");
    }

    @Test
    void aTextIsCutWhereItIsAsked() {
        String text = String.join(" ", Collections.nCopies(5, "a gull"));

        assertThat(numbers("@/model", "--max-length=3", "--text", text))
                .isEqualTo(numbers("@/model", "--max-length=3", "--text", text + " and rain"));
        assertThat(numbers("@/model", "--text", text)).isNotEqualTo(numbers("@/model", "--text", text + " and rain"));
    }

    /** The head is the adapter's, its classes have the names of its run, unless the user gives others. */
    @Test
    void anAdapterBringsItsHead(@TempDir Path run) throws IOException {
        SmallClassifier setup = SmallClassifier.write(run);
        Ended trained = setup.temper("run", "@/recipe.yaml", "adapter={r: 2}", "training.max_steps=2");
        assertThat(trained.code()).as(trained.err()).isZero();
        String base = run.resolve("base").toString();
        String adapter = "--adapter=" + run.resolve("output/adapter");

        List<String> named = classify(base, adapter, "--text=a").out().lines().toList();
        List<String> renamed = classify(base, adapter, "--labels=A,B", "--text=a")
                .out()
                .lines()
                .toList();

        assertThat(named.get(0)).matches("label +no +yes  text");
        assertThat(named.get(1)).matches("(no|yes) +0\\.\\d{4}  0\\.\\d{4}  a");
        assertThat(renamed.get(0)).matches("label +A +B  text");
        assertThat(renamed.get(1).replaceFirst("^\\w+ +", ""))
                .isEqualTo(named.get(1).replaceFirst("^\\w+ +", ""));
    }

    private static String numbers(String... arguments) {
        return classify(arguments)
                .out()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow()
                .replaceFirst("  a .*", "");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "@/model | nothing to classify: give --text TEXT, or --file LOCATION",
                "@/model --text a --file @/rows.csv | --text and --file exclude each other: leave one of them out",
                "@/model --text a --labels a,b | --labels are for an adapter's head: give --adapter, too",
                "@/model --file @/rows.csv | data: @/rows.csv has no column text; it has id, review",
                "@/model --file @/none.csv | data.train: @/none.csv does not exist; name a file or folder that does",
                "@/model --text a --max-length 41 | maxLength 41 is more than the 40 positions of @/model",
                "@/none --text a | @/none is no folder: a model's is needed",
            })
    void mistakesAreSentences(String arguments, String message) {
        Ended ended = classify(arguments.strip().split(" "));

        assertThat(ended.err()).startsWith("temper: " + message.replace("@", folder.toString()));
        assertThat(ended.err().lines()).hasSize(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
    }

    @Test
    void aModelThatWritesTextsIsNoClassifier() {
        assertThat(classify(SmallRun.BASE.toString(), "--text", "a").err())
                .isEqualTo("temper: " + SmallRun.BASE + " holds no classifier: its head predicts tokens\n");
    }

    private static Ended classify(String... arguments) {
        List<String> all = new ArrayList<>(List.of("classify"));
        for (String argument : arguments) {
            all.add(argument.replace("@", folder.toString()));
        }
        return Ended.run(
                all.toArray(String[]::new), new ClassifyCommand(request -> ClassifyJob.run(Jobs.store(), request)));
    }
}
