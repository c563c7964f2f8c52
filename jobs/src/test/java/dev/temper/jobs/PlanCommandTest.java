package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.plan.MemoryPlan;
import dev.temper.plan.UpdateTime;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper plan} on a folder with nothing but a config.json. */
final class PlanCommandTest {
    /** 0.2 G parameters. */
    private static final String CONFIG =
            """
            {"model_type": "llama", "vocab_size": 32000, "hidden_size": 1024, "num_hidden_layers": 12,
             "num_attention_heads": 16, "num_key_value_heads": 4, "intermediate_size": 2816,
             "max_position_embeddings": 4096, "torch_dtype": "bfloat16"%s}
            """;

    private static final Pattern NEEDS = Pattern.compile("([a-z_.0-9]+: [^;]*?) needs ([0-9.]+) GiB");

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        config("");
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                name: planned
                model: {base: %s, precision: fp32}
                data: {train: rows.csv, max_length: 512}
                training: {batch_size: 16, max_steps: 100}
                output: output
                """
                        .formatted(folder.resolve("base")));
    }

    private void config(String more) throws IOException {
        Files.createDirectories(folder.resolve("base"));
        Files.writeString(folder.resolve("base/config.json"), CONFIG.formatted(more));
    }

    @Test
    void whatFitsIsZero() {
        Ended ended = plan("cluster.memory=64g", "adapter={}");

        assertThat(ended.code()).isZero();
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .startsWith("planned, each worker, in fp32\n")
                .contains(
                        "peak of what is held", "in 64.00 GiB (cluster.memory) the largest micro-batch that fits has ")
                .contains("training.batch_size may be larger: it is split into micro-batches")
                .containsPattern("estimate for this machine: .* an update of at most 8,192 tokens, .* for all 100\n")
                .contains("not looked at, as they are not there: the weights of " + folder.resolve("base"));
    }

    @Test
    void whatCannotFitIsTwoAfterTheTable() {
        Ended ended = plan("cluster.memory=600m", "training.micro_batch_tokens=2048");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).contains("peak of what is held", "not even one row of 512 tokens fits");
        assertThat(ended.err().lines()).hasSize(1);
        assertThat(ended.err())
                .startsWith("temper: the plan does not fit: a worker needs ")
                .contains(" GiB and may use 0.59 GiB (cluster.memory). What would help: ");
    }

    @Test
    void adviceHasTheNumbersOfThePlansThatItNames() throws Exception {
        for (String adapter : List.of("adapter=", "adapter={r: 64}")) {
            String err = plan("cluster.memory=500m", adapter).err();
            List<MatchResult> changes = NEEDS.matcher(err.replaceFirst(".*would help: ", ""))
                    .results()
                    .toList();

            assertThat(changes).hasSizeGreaterThan(1);
            assertThat(changes)
                    .extracting(change -> Double.parseDouble(change.group(2)))
                    .isSorted();
            assertThat(err).contains("training.gradient_checkpointing: true needs");
            for (MatchResult change : changes) {
                String override = change.group(1).replaceFirst(": ", "=");
                double gib = Double.parseDouble(change.group(2));
                assertThat(peak("training.micro_batch_tokens=512", adapter, override) / (1 << 30))
                        .as(override)
                        .isCloseTo(gib, within(0.006));
            }
        }
    }

    @Test
    void anOpenMicroBatchShrinksUntilItFits() throws Exception {
        long one = (long) peak("training.micro_batch_tokens=512", "adapter={}");
        long two = (long) peak("training.micro_batch_tokens=1024", "adapter={}");

        Ended fits = plan("cluster.memory=" + (one + two) / 2 + "b", "adapter={}", "--json");

        assertThat(fits.code()).isZero();
        JsonNode json = new ObjectMapper().readTree(fits.out());
        assertThat(json.at("/micro_batch/tokens").asLong()).isEqualTo(512);
        assertThat(json.at("/micro_batch/largest_rows").asInt()).isEqualTo(1);
        assertThat(json.at("/bytes/peak").asLong()).isEqualTo(one);
        assertThat(json.at("/time/updates").asInt()).isEqualTo(100);
        assertThat(plan("cluster.memory=" + (one - 1) + "b", "adapter={}").code())
                .isEqualTo(2);
    }

    @Test
    void aRunIsRefusedBeforeAnythingIsRead() throws Exception {
        Files.writeString(folder.resolve("rows.csv"), "no rows at all"); // and no weights, no tokenizer

        Ended ended = command(
                "run",
                "cluster.memory=500m",
                "data.train=" + folder.resolve("rows.csv"),
                "output=" + folder.resolve("output"));

        assertThat(ended.err()).startsWith("temper: the plan does not fit: a worker needs ");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(folder.resolve("output")).doesNotExist();
    }

    @Test
    void codesCannotBeTrained() throws Exception {
        config(
                """
                , "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true,
                  "bnb_4bit_quant_type": "nf4", "bnb_4bit_quant_storage": "uint8"}""");

        assertThat(plan("cluster.memory=64g"))
                .isEqualTo(new Ended(
                        2,
                        "",
                        "temper: model.base: " + folder.resolve("base") + " was saved in 4 bits, which cannot be"
                                + " trained: add adapter:, or name a base in full precision\n"));
        assertThat(plan("cluster.memory=64g", "adapter={}").code()).isZero();
    }

    /** Of what is trained everything is held; of what is frozen, in 16 bits, only norms, as float32. */
    @Test
    void frozenWeightsAreMapped() throws Exception {
        long norms = (2 * 12 + 1) * 1024;
        long all = 2 * 32000L * 1024 + norms + 12L * (1024 * (1024 + 2 * 256) + 1024 * 1024 + 3 * 1024 * 2816);

        MemoryPlan full = memory("training.optim=adamw");
        assertThat(full.parameters()).isEqualTo(all);
        assertThat(full.mappedBytes()).isZero();
        assertThat(full.weightBytes() + full.gradientBytes() + full.optimizerBytes())
                .isEqualTo(16 * all);

        MemoryPlan lora = memory("adapter={r: 4, target_modules: [q_proj]}");
        long adapter = 12L * 4 * 2048;
        assertThat(lora.mappedBytes()).isEqualTo(2 * (all - norms));
        assertThat(lora.weightBytes() - lora.mappedWeightBytes()).isEqualTo(4 * (norms + adapter));
        assertThat(lora.gradientBytes()).isEqualTo(4 * adapter);
        assertThatThrownBy(() -> memory("adapter={target_modules: [nothing]}")).hasMessageContaining("target_modules");
    }

    @Test
    void timeFollowsOperations() throws Exception {
        Function<Double, UpdateTime> time = rate -> {
            try {
                return UpdateTime.of(memory("adapter={}"), recipe("adapter={}"), rate, 1e9);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        };

        UpdateTime update = time.apply(100e9);

        double projections = 12.0 * (1024 * (1024 + 2 * 256) + 1024 * 1024 + 3 * 1024 * 2816);
        double least = 8192 * 4 * projections / (0.77 * 100e9); // forward and back, by frozen weights
        assertThat(update.seconds()).isBetween(1.1 * least, 1.6 * least); // the head, the adapter, attention
        assertThat(time.apply(200e9).seconds()).isCloseTo(update.seconds() / 2, within(1e-9));
    }

    private Recipe recipe(String... overrides) {
        return RecipeFile.read(new LocalStore(), folder.resolve("recipe.yaml").toString(), List.of(overrides));
    }

    private MemoryPlan memory(String... overrides) throws IOException {
        Recipe recipe = recipe(overrides);
        return MemoryPlan.of(PretrainedModel.read(new LocalStore(), recipe), recipe);
    }

    private double peak(String... overrides) throws IOException {
        return memory(overrides).peak();
    }

    private Ended plan(String... arguments) {
        return command("plan", arguments);
    }

    private Ended command(String name, String... arguments) {
        String[] all = new String[arguments.length + 2];
        all[0] = name;
        all[1] = folder.resolve("recipe.yaml").toString();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return Ended.run(
                all,
                new PlanCommand(Jobs.store(), request -> Jobs.plan(Jobs.store(), request)),
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))));
    }
}
