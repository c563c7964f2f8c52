package dev.temper.jobs;

import static dev.temper.jobs.Damage.config;
import static dev.temper.jobs.Damage.cut;
import static dev.temper.jobs.Damage.data;
import static dev.temper.jobs.Damage.overwrite;
import static dev.temper.jobs.Damage.remove;
import static dev.temper.jobs.Damage.replace;
import static dev.temper.jobs.Mistake.with;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Mistakes in recipe, data, base and locations: one sentence each, exit code 2, and nothing on disk has changed. */
final class BadInputTest {
    private static final Path BASE = Path.of(System.getProperty("temper.root"), "conf", "quickstart", "base");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";

    @TempDir
    private Path folder;

    static Stream<Mistake> recipe() {
        return Stream.of(
                with(
                        "unknown key: the nearest",
                        "unknown key data.max_len; did you mean data.max_length?",
                        "data.max_len=3"),
                with("wrong type", "training.seed must be a whole number, got 'seven'", "training.seed=seven"),
                with("max_length 0", "data.max_length must be at least 2 tokens, got 0", "data.max_length=0"),
                with(
                        "max_length over positions",
                        "data.max_length: 257 is more than the 256 positions of the model; set 256 or less",
                        "data.max_length=257"),
                with(
                        "LoRA target that matches nothing",
                        "adapter.target_modules: c_attn matches no projection of a llama model; it has"
                                + " [down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj]",
                        "adapter.target_modules=[c_attn]"),
                with(
                        "no size",
                        "cluster.memory must be auto or a size such as 8g or 500m, got '8 gigs'",
                        "cluster.memory=8 gigs"),
                with("a plan that cannot fit", "the plan does not fit: a worker needs 0.", "cluster.memory=100m"),
                with(
                        "quantized weights are to be trained",
                        "model.quantization: weights in 4 bits cannot be trained; add adapter:, or leave the"
                                + " quantization out",
                        "adapter=",
                        "model.quantization={}"),
                with(
                        "quantization that we do not have",
                        "model.quantization.type must be nf4, got 'fp4'",
                        "model.quantization={type: fp4}"),
                new Mistake(
                        "base quantized in another way",
                        config(fields -> fields.putObject("quantization_config").put("quant_method", "awq")),
                        "@/base/config.json: quantization_config: quant_method: \"awq\" is not supported, only"
                                + " bitsandbytes"),
                with(
                        "adapter to continue is missing",
                        "adapter.init_from: @/lora does not exist; name a folder that does",
                        "adapter={init_from: @/lora}"));
    }

    static Stream<Mistake> base() {
        return Stream.of(
                with(
                        "base missing",
                        "model.base: @/nothing does not exist; name a folder that does",
                        "model.base=@/nothing"),
                new Mistake(
                        "no config.json",
                        remove("config.json"),
                        "@/base is no model folder: there is no config.json; name one in Hugging Face's layout"),
                new Mistake(
                        "model_type",
                        config(fields -> fields.put("model_type", "mamba")),
                        "@/base/config.json: model_type mamba is not supported; supported are [bert, "
                                + "distilbert, gemma2, gemma3, gemma3_text, gpt2, gpt_neo, llama, mistral, mistral3, "
                                + "phi3, qwen2, qwen3, roberta]"),
                new Mistake(
                        "config field we do not implement",
                        config(fields -> fields.put("final_logit_softcapping", 30.5)),
                        "@/base/config.json: final_logit_softcapping: 30.5 is not supported, and ignoring it could"
                                + " give another model: name another base"),
                new Mistake(
                        "config value we do not implement",
                        config(fields -> fields.put("hidden_act", "relu")),
                        "@/base/config.json: hidden_act: \"relu\" is not supported, only silu"),
                new Mistake(
                        "config is no JSON",
                        folder -> Files.writeString(folder.resolve("base/config.json"), "{\"model_type\": "),
                        "@/base/config.json is damaged: it is not JSON"),
                new Mistake(
                        "no tokenizer",
                        remove("tokenizer.json"),
                        "model.base: @/base has no tokenizer.json, which"
                                + " the data is tokenized with; save the tokenizer there"),
                new Mistake(
                        "tokenizer cut off",
                        folder -> cut(folder.resolve("base/tokenizer.json"), 1000),
                        "@/base/tokenizer.json is no valid JSON"));
    }

    static Stream<Mistake> weights() {
        return Stream.of(
                new Mistake(
                        "truncated",
                        folder -> cut(Damage.weights(folder), 2_000_000),
                        "@/base/model.safetensors is cut off or damaged: it has 2000000 bytes, its header says"
                                + " 2630072"),
                new Mistake(
                        "cut in the header",
                        folder -> cut(Damage.weights(folder), 100),
                        "@/base/model.safetensors is damaged: its header cannot be"),
                new Mistake(
                        "empty weights",
                        folder -> cut(Damage.weights(folder), 0),
                        "@/base/model.safetensors is cut off: 0 bytes are no safetensors file"),
                new Mistake(
                        "corrupted",
                        folder -> overwrite(Damage.weights(folder), 8, "broken!"),
                        "@/base/model.safetensors is damaged: its header is not JSON"),
                new Mistake(
                        "wrong shape",
                        folder -> replace(Damage.weights(folder), QUERY, "\"shape\":[128,128]", "\"shape\":[64,256]"),
                        "@/base: the tensor " + QUERY + " has the shape (64, 256), config.json makes it (128, 128)"),
                new Mistake(
                        "missing tensor",
                        config(fields -> fields.put("num_hidden_layers", 5)),
                        "@/base: the tensor model.layers.4.input_layernorm.weight is missing from the weights"),
                new Mistake(
                        "more tensors",
                        config(fields -> fields.put("num_hidden_layers", 3)),
                        "@/base: the weights hold model.layers.3.input_layernorm.weight, which a llama model with this"
                                + " config.json does not have"),
                new Mistake(
                        "pickle only",
                        folder -> Files.move(Damage.weights(folder), folder.resolve("base/pytorch_model.bin")),
                        "@/base/pytorch_model.bin is a pickle, which can run code and is not read; convert the weights"
                                + " to safetensors"),
                new Mistake(
                        "no weights",
                        remove("model.safetensors"),
                        "@/base has no weights: there is no" + " model.safetensors"));
    }

    static Stream<Mistake> locations() {
        return Stream.of(
                with(
                        "data missing",
                        "data.train: @/nothing.csv does not exist; name a file or folder that does",
                        "data.train=@/nothing.csv"),
                new Mistake("data of no bytes", data(""), "data: @/train.csv is empty"),
                new Mistake(
                        "a folder without data",
                        folder -> Files.createDirectories(folder.resolve("data/2024")),
                        "data: @/data has no .csv, .tsv, .jsonl, .json or .parquet file in it",
                        "data.train=@/data"),
                with(
                        "no data file",
                        "data: @/recipe.yaml is no .csv, .tsv, .jsonl, .json or .parquet file",
                        "data.train=@/recipe.yaml"),
                with(
                        "nobody knows the store",
                        "data.eval: wrong://host/x.csv cannot be reached: Hadoop's library for wrong: is not on",
                        "data.eval=wrong://host/x.csv"),
                with(
                        "a password in a location",
                        "data.eval: the location holds a login, which would be printed and written: take it out",
                        "data.eval=wrong://me:hunter2@host/x.csv"),
                new Mistake(
                        "output of something else",
                        folder -> Files.writeString(
                                Files.createDirectories(folder.resolve("output"))
                                        .resolve("thesis.txt"),
                                "mine"),
                        "output: @/output holds files that are no run of Temper; name another folder or empty it"),
                new Mistake(
                        "output of another run",
                        folder -> Files.writeString(
                                Files.createDirectories(folder.resolve("output"))
                                        .resolve("manifest.json"),
                                "{\"recipe_hash\": \"another\", \"status\": \"finished\"}"),
                        "output: @/output holds the run of another recipe; name another folder or empty it"),
                with("output is a file", "output: @/recipe.yaml is a file; name a folder", "output=@/recipe.yaml"),
                with(
                        "output below a file",
                        "output: @/recipe.yaml/run cannot be written: @/recipe.yaml/run: Not a directory; name another"
                                + " folder",
                        "output=@/recipe.yaml/run"),
                with(
                        "output in the base",
                        "output: @/base/run and model.base: @/base lie one in the other; name an output apart from what"
                                + " is read",
                        "output=@/base/run"),
                with(
                        "output around the data",
                        "output: @ and model.base: @/base lie one in the other; name an output apart from what is read",
                        "output=@"));
    }

    @BeforeEach
    void goodSetup() throws IOException {
        Path base = Files.createDirectory(folder.resolve("base"));
        try (Stream<Path> files = Files.list(BASE)) {
            for (Path file : files.toList()) {
                Files.copy(file, base.resolve(file.getFileName()));
            }
        }
        data("prompt,completion\nDate: 3 March 2024 ->, 2024-03-03\n").to(folder);
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: @/base}
                data: {train: @/train.csv, chat_template: none, max_length: 64}
                training: {max_steps: 1, batch_size: 2}
                output: @/output
                """
                        .replace("@", folder.toString()));
    }

    @ParameterizedTest
    @MethodSource({
        "recipe",
        "base",
        "weights",
        "locations",
        "dev.temper.jobs.ClassifierMistakes#classifiers",
        "dev.temper.jobs.ClassifierMistakes#bestModels",
        "dev.temper.jobs.DataMistakes#templates",
        "dev.temper.jobs.DataMistakes#rows",
        "dev.temper.jobs.HostileFiles#places",
        "dev.temper.jobs.HostileFiles#sizes",
        "dev.temper.jobs.HostileFiles#contents",
        "dev.temper.jobs.HostileFiles#rows"
    })
    void isOneSentenceAndTwoAndChangesNothing(Mistake mistake) throws Exception {
        mistake.damage().to(folder);
        Map<String, String> before = snapshot();

        Ended ended = run(mistake.overrides());

        assertThat(ended.err()).startsWith("temper: " + here(mistake.says())).doesNotContain("hunter2");
        assertThat(ended.err().lines()).as("one line").hasSize(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(snapshot()).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("dev.temper.jobs.CommonMistakes#all")
    void theCommonestMistakesAreAShortSentenceEach(Mistake mistake) throws Exception {
        isOneSentenceAndTwoAndChangesNothing(mistake);

        String said = run(mistake.overrides()).err().replace(folder.toString(), "@");
        assertThat(said)
                .hasSizeLessThan(360)
                .doesNotContainPattern("(\\w+, ){12}")
                .doesNotContain("Exception");
    }

    @Test
    void anEmptyOutputStays() throws Exception {
        Files.createDirectory(folder.resolve("output"));
        data("prompt,completion\n").to(folder);

        assertThat(run().code()).isEqualTo(2);

        assertThat(folder.resolve("output")).isEmptyDirectory();
    }

    @Test
    void verboseAddsTheStackTrace() throws Exception {
        Ended ended = run("data.max_length=257", "--verbose");

        assertThat(ended.err())
                .startsWith("temper: data.max_length: 257 is more")
                .contains("\ndev.temper.check.InvalidInputException: data.max_length", "\tat dev.temper.jobs.Jobs");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void aFewRejectedRowsAreCountedByReason() throws Exception {
        StringBuilder csv = new StringBuilder("prompt,completion\nonly a prompt,\n,only an answer\n");
        for (int day = 10; day < 28; day++) {
            csv.append("Date: %d March 2024 ->, 2024-03-%d\n".formatted(day, day));
        }
        data(csv.toString()).to(folder);

        assertThat(run("data.max_rejected_fraction=0.1")).isEqualTo(new Ended(0, ""));

        Path output = folder.resolve("output");
        assertThat(JSON.readTree(output.resolve("manifest.json").toFile()).path("rows"))
                .isEqualTo(JSON.readTree(
                        "{\"in\": 20, \"trained\": 18, \"evaluated\": 0, \"rejected\": {\"null_value\": 2}}"));
        assertThat(rejected(output.resolve("rejected")))
                .containsExactly(
                        List.of(folder + "/train.csv", "null_value", "null in completion"),
                        List.of(folder + "/train.csv", "null_value", "null in prompt"));
        Map<String, String> before = snapshot();
        assertThat(run("data.max_rejected_fraction=0.1").code()).as("finished").isZero();
        assertThat(run("data.max_rejected_fraction=0.1", "training.seed=3").code())
                .as("another recipe")
                .isEqualTo(2);
        assertThat(snapshot()).isEqualTo(before);
    }

    private static List<List<String>> rejected(Path table) {
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            return spark.read().parquet(table.toString()).select("source", "reason", "detail").collectAsList().stream()
                    .map(row -> List.of(row.getString(0), row.getString(1), row.getString(2)))
                    .toList();
        }
    }

    private record Ended(int code, String err) {}

    private Ended run(String... arguments) {
        List<String> args = new ArrayList<>(List.of("run", here("@/recipe.yaml")));
        Stream.of(arguments).map(this::here).forEach(args::add);
        PrintStream err = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            Exit exit = Temper.run(
                    args.toArray(String[]::new),
                    new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))));
            return new Ended(exit.code(), bytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(err);
        }
    }

    private String here(String text) {
        return text.replaceAll("@(?=/|$| and)", folder.toString());
    }

    /** Every file and folder with its content. */
    private Map<String, String> snapshot() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.toList()) {
                boolean isSmall = Files.isRegularFile(path) && Files.size(path) < 1 << 28;
                String content = isSmall ? Arrays.hashCode(Files.readAllBytes(path)) + "" : "";
                files.put(folder.relativize(path).toString(), content);
            }
        }
        return files;
    }
}
