package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.spark.reading.LocalRows;
import dev.temper.spark.reading.ReadTable;
import dev.temper.storage.LocalStore;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper init} on real data: every recipe runs unedited, and those of the four jobs are like conf's. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class InitAcceptanceTest {
    private static final Path CONF = Path.of(System.getProperty("temper.root"), "conf");
    private static final Path FIXTURES = Path.of(System.getProperty("temper.shared", ""), "fixtures");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 30;

    private static final String TINY_STORIES =
            """
            {"model_type": "gpt_neo", "architectures": ["GPTNeoForCausalLM"], "vocab_size": 50257, "hidden_size": 768,
             "num_layers": 4, "num_heads": 16, "attention_types": [[["global", "local"], 2]], "window_size": 256,
             "max_position_embeddings": 2048, "torch_dtype": "float32"}
            """;
    private static final String LLAMA =
            """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 128256, "hidden_size": 2048,
             "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
             "intermediate_size": 8192, "max_position_embeddings": 131072, "tie_word_embeddings": true,
             "torch_dtype": "bfloat16"}
            """;
    private static final String PHI =
            """
            {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "vocab_size": 32064, "hidden_size": 3072,
             "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "intermediate_size": 8192,
             "max_position_embeddings": 4096, "sliding_window": 2047, "torch_dtype": "bfloat16"}
            """;
    private static final String BERT =
            """
            {"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 28996, "hidden_size": 768,
             "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
             "max_position_embeddings": 512}
            """;

    @TempDir
    private Path folder;

    @Test
    void backstories() throws Exception {
        Map<String, String> differences = differences(
                "backstories-tinystories", TINY_STORIES, "gpt_neo", "dnd/characters_backstories_reconstructed.csv");

        assertThat(differences)
                .isEqualTo(Map.of(
                        "data.eval_fraction", "0.1 instead of 0.2",
                        "data.max_length", "1024 instead of 128",
                        "training.num_train_epochs", "2 instead of 1"));
    }

    @Test
    void sarcasm() throws Exception {
        Map<String, String> differences = differences("sarcasm-llama", LLAMA, "llama3", "sarcasm/sarcasm.csv");

        assertThat(differences)
                .isEqualTo(Map.of(
                        "adapter", "{r: 8} instead of all weights",
                        "data.eval_fraction", "0.1 instead of 0.05",
                        "data.max_length", "128 instead of 1024",
                        "training.learning_rate", "2.0E-4 instead of 1.0E-5",
                        "training.num_train_epochs", "3 instead of 2"));
    }

    @Test
    void yoda() throws Exception {
        Map<String, String> differences = differences("yoda-phi3", PHI, "phi3_mini", "yoda/yoda_sentences.csv");

        assertThat(differences)
                .isEqualTo(Map.of(
                        "data.eval_fraction", "0.1 instead of 0.0",
                        "data.packing", "NONE instead of WRAPPED",
                        "training.batch_size", "8 instead of 16",
                        "training.learning_rate", "2.0E-4 instead of 3.0E-4",
                        "training.num_train_epochs", "3 instead of 10"));
    }

    @Test
    void reviews() throws Exception {
        Map<String, String> differences =
                differences("imdb-bert", BERT, "bert_base_cased", "imdb/imdb_small.csv", "--labels=Negative,Positive");

        assertThat(differences).isEqualTo(Map.of("data.eval_fraction", "0.1 instead of 0.5"));
    }

    /** What matters of the recipe that is written for a base of this shape, where conf says something else. */
    private Map<String, String> differences(String job, String config, String tokenizer, String data, String... options)
            throws IOException {
        Path base = Files.createDirectories(folder.resolve("base"));
        Files.writeString(base.resolve("config.json"), config);
        copy(FIXTURES.resolve("tokenizers").resolve(tokenizer), base);
        Recipe ours = init(base, FIXTURES.resolve("datasets").resolve(data), options);
        Recipe theirs =
                RecipeFile.read(new LocalStore(), CONF.resolve(job + ".yaml").toString(), List.of());
        Map<String, String> first = values(ours);
        Map<String, String> second = values(theirs);
        Map<String, String> differences = new TreeMap<>();
        first.forEach((key, value) -> {
            if (!value.equals(second.get(key))) {
                differences.put(key, value + " instead of " + second.get(key));
            }
        });
        return differences;
    }

    private static Map<String, String> values(Recipe recipe) {
        Map<String, String> values = new TreeMap<>();
        values.put("model.task", recipe.model().task().toString());
        values.put("model.labels", recipe.model().labels().toString());
        values.put("model.quantization", recipe.model().quantization().toString());
        values.put(
                "adapter", recipe.adapter().map(lora -> "{r: " + lora.r() + "}").orElse("all weights"));
        values.put("data.format", recipe.data().format().toString());
        values.put("data.columns", new TreeMap<>(recipe.data().columns()).toString());
        values.put("data.separator", recipe.data().separator());
        values.put("data.chat_template", recipe.data().chatTemplate());
        values.put("data.train_on", recipe.data().trainOn().toString());
        values.put("data.packing", recipe.data().packing().toString());
        values.put("data.max_length", String.valueOf(recipe.data().maxLength()));
        values.put("data.eval_fraction", String.valueOf(recipe.data().evalFraction()));
        values.put(
                "training.num_train_epochs",
                String.valueOf(recipe.training().numTrainEpochs()).replace(".0", ""));
        values.put("training.batch_size", String.valueOf(recipe.training().batchSize()));
        values.put(
                "training.learning_rate",
                String.valueOf(recipe.training().learningRate().orElseThrow()));
        values.put("training.optim", recipe.training().optim().toString());
        values.put(
                "training.gradient_checkpointing",
                String.valueOf(recipe.training().gradientCheckpointing()));
        values.put(
                "training.load_best_model_at_end",
                String.valueOf(recipe.training().loadBestModelAtEnd()));
        values.put("training.metric_for_best_model", recipe.training().metricForBestModel());
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "stories260K, chat/identity.json, ALPACA",
        "stories260K, dnd/characters_backstories_reconstructed.csv, TEXT",
        "stories260K, instruct/dolly_hhrlhf_train_small.jsonl, PROMPT_COMPLETION",
        "stories260K, messages/openai_toy_chat_first4.jsonl, MESSAGES",
        "stories260K, sarcasm/sarcasm.csv, PROMPT_COMPLETION",
        "stories260K, sharegpt/dummy_conversation.json, SHAREGPT",
        "stories260K, sharegpt/dummy_conversation_with_system.json, SHAREGPT",
        "stories260K, yoda/yoda_sentences.csv, PROMPT_COMPLETION",
        "tiny_distilbert, classify/ag_news_test.csv, CLASSIFICATION",
        "tiny_distilbert, classify/cola_dev.tsv, CLASSIFICATION",
        "tiny_distilbert, classify/cola_train.tsv, CLASSIFICATION",
        "tiny_distilbert, classify/sst2_dev.tsv, CLASSIFICATION",
        "tiny_distilbert, imdb/imdb_sample_1000.csv, CLASSIFICATION",
        "tiny_distilbert, imdb/imdb_small.csv, CLASSIFICATION",
        "tiny_distilbert, rotten_tomatoes_parquet, CLASSIFICATION",
    })
    void aRecipeRunsUnedited(String base, String data, String format) throws Exception {
        Path rows = beginning(FIXTURES.resolve("datasets").resolve(data));
        Path model = FIXTURES.resolve("models").resolve(base);

        Recipe recipe = init(model, rows);

        assertThat(recipe.data().format()).hasToString(format);
        Ended run = Ended.run(
                new String[] {"run", folder.resolve("new.yaml").toString()},
                new RunCommand(Jobs.store(), one -> Jobs.run(one, List.of("test", "commit"))));
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode manifest = JSON.readTree(folder.resolve("out/manifest.json").toFile());
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(manifest.at("/rows/trained").asInt()).isPositive();
        assertThat(manifest.at("/rows/evaluated").asInt()).isPositive();
    }

    /** It has the question and the answer's way beside the answer; all of it takes too long to train on here. */
    @Test
    void parquetIsLookedAt() throws IOException {
        Recipe recipe =
                init(FIXTURES.resolve("models/stories260K"), FIXTURES.resolve("datasets/instruct/gsm8k_test.parquet"));

        assertThat(recipe.data().columns())
                .isEqualTo(Map.of("prompt", List.of("question"), "completion", List.of("result")));
        assertThat(recipe.data().maxLength()).isBetween(64, 512);
    }

    /** As much of a file as a test has time for, as a file of its own: it is all that init and run see. */
    private Path beginning(Path data) throws IOException {
        String name = data.getFileName().toString();
        Path rows = folder.resolve(name);
        if (Files.isDirectory(data)) {
            Files.createDirectories(rows);
            Files.copy(data.resolve("test.parquet"), rows.resolve("train.parquet"));
            Files.copy(data.resolve("validation.parquet"), rows.resolve("validation.parquet"));
        } else if (name.endsWith(".json")) {
            List<JsonNode> all = new ArrayList<>();
            JSON.readTree(data.toFile()).forEach(all::add);
            JSON.writeValue(rows.toFile(), all.subList(0, Math.min(ROWS, all.size())));
        } else if (name.endsWith(".csv")) {
            writeCsv(data, rows);
        } else {
            try (Stream<String> lines = Files.lines(data, StandardCharsets.UTF_8)) {
                Files.write(rows, lines.limit(ROWS).toList());
            }
        }
        return rows;
    }

    /** Rows go over several lines. */
    private static void writeCsv(Path data, Path rows) throws IOException {
        ReadTable any = new ReadTable(
                List.of(new InputColumn("text", Content.LABEL, false)), "UTF-8", ",", true, Integer.MAX_VALUE);
        List<InputColumn> columns = LocalRows.columns(Jobs.store(), data.toString(), any);
        StringBuilder csv = new StringBuilder();
        columns.forEach(column -> csv.append(csv.isEmpty() ? "" : ",").append(column.name()));
        ReadTable table = new ReadTable(columns, "UTF-8", ",", true, Integer.MAX_VALUE);
        try (LocalRows all = LocalRows.open(Jobs.store(), data.toString(), table)) {
            for (int i = 0; i < ROWS && all.hasNext(); i++) {
                List<String> cells = new ArrayList<>();
                all.next()
                        .values()
                        .values()
                        .forEach(value -> cells.add(value == null ? "" : "\"" + value.replace("\"", "\"\"") + "\""));
                csv.append('\n').append(String.join(",", cells));
            }
        }
        Files.writeString(rows, csv);
    }

    private Recipe init(Path base, Path data, String... options) {
        List<String> arguments = new ArrayList<>(List.of(
                "init",
                folder.resolve("new.yaml").toString(),
                "--base=" + base,
                "--data=" + data,
                "--output=" + folder.resolve("out")));
        arguments.addAll(List.of(options));
        Ended init = Ended.run(
                arguments.toArray(String[]::new), new InitCommand(request -> Jobs.init(Jobs.store(), request)));
        assertThat(init.code()).as(init.err()).isZero();
        return RecipeFile.read(new LocalStore(), folder.resolve("new.yaml").toString(), List.of());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }
}
