package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.TinyModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plan, preview and run look at the same things and say the same of them. */
final class SameChecksTest {
    private static final HadoopStore STORE = Jobs.store();
    private static final String CONFIG =
            """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 12,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10,
             "intermediate_size": 28, "max_position_embeddings": 23}
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Path base = folder.resolve("base");
        TinyModel.weights(base, CONFIG).write(base.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), base.resolve(file));
        }
        Files.writeString(folder.resolve("rows.csv"), "prompt,completion\na,b\nc," + "d ".repeat(60) + "\n");
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: "%s/base"}
                data: {train: "%s/rows.csv", chat_template: none}
                training: {max_steps: 2, save_strategy: "no", logging_steps: 1}
                output: "%s/output"
                """
                        .formatted(folder, folder, folder));
    }

    @Test
    void rowsAreNoLongerThanTheModelHasPositions() throws Exception {
        assertThat(temper("preview").out()).contains("cut         1 rows at max_length 23");
        assertThat(new ObjectMapper()
                        .readTree(temper("plan", "--json").out())
                        .at("/micro_batch/row_tokens")
                        .asInt())
                .isEqualTo(23);
        assertThat(temper("run").code()).isZero();

        Path run = folder.resolve("output/run.yaml");
        assertThat(Files.readString(run)).contains("max_length: 23\n");
        assertThat(temper("run").out()).contains("nothing to do");
        assertThat(RecipeFile.read(STORE, run.toString(), List.of()).data().maxLength())
                .isEqualTo(23);
    }

    @Test
    void aModelWithManyPositionsGetsTheUsualLength() throws Exception {
        Path base = folder.resolve("base");
        TinyModel.weights(base, CONFIG.replace("23}", "4096}")).write(base.resolve("model.safetensors"));

        assertThat(recipe().data().maxLength()).isEqualTo(1024);
        assertThat(recipe("data.max_length=2000").data().maxLength()).isEqualTo(2000);
        assertThat(recipe("model.base=" + folder + "/nowhere").data().maxLength())
                .isEqualTo(1024);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data.max_length=24 | data.max_length: 24 is more than the 23 positions of the model; set 23 or less",
                "adapter={target_modules: [q_prod]} | target_modules",
                "generation.prompts=['{{'] data.format=messages | data.format messages needs a chat template",
                "output=@/base/new | lie one in the other",
            })
    void mistakesAreTheSame(String overrides, String message) {
        String[] settings = overrides.replace("@", folder.toString()).split(" (?=[a-z.]+=)");

        Ended run = temper("run", settings);

        assertThat(run.err()).contains(message);
        for (String command : List.of("plan", "preview")) {
            Ended ended = temper(command, settings);
            assertThat(ended.err()).as(command).isEqualTo(run.err());
            assertThat(ended.code()).as(command).isEqualTo(2);
        }
        assertThat(folder.resolve("output")).doesNotExist();
    }

    @Test
    void notesAreTheSame() {
        String note = "there are no evaluation rows: nothing is evaluated, and losses are those of training; set"
                + " data.eval or data.eval_fraction";
        for (String command : List.of("plan", "preview", "run")) {
            assertThat(temper(command).out()).as(command).contains(note);
        }
        assertThat(temper("plan", "training.eval_strategy=no").out()).doesNotContain("evaluation rows");
        assertThat(temper("plan", "data.eval_fraction=0.5").out()).doesNotContain("evaluation rows");
    }

    @Test
    void whatARunRefusesIsSaid() throws Exception {
        assertThat(temper("plan", "data.train=" + folder + "/nowhere.csv").out())
                .contains("a run is refused: data");
        assertThat(temper("preview", "cluster.memory=100m").out())
                .contains("note        a run here is refused: the plan does not fit");
        Files.delete(folder.resolve("base/model.safetensors"));

        assertThat(temper("plan").out()).contains("not looked at, as they are not there: the weights of ");
        assertThat(temper("preview").out()).contains("not looked at, as they are not there: the weights of ");
        assertThat(temper("run").code()).isEqualTo(2);
    }

    /** Without rows to evaluate on a run says which loss it shows. */
    @Test
    void theLossIsNamed() throws Exception {
        Ended trained = temper("run");
        assertThat(trained.out())
                .containsPattern("loss {8}\\d+\\.\\d{4} in update 1, \\d+\\.\\d{4} in update 2, of training:"
                        + " there are no evaluation rows\n");
        assertThat(new ObjectMapper()
                        .readTree(folder.resolve("output/manifest.json").toFile())
                        .at("/loss/metric")
                        .asText())
                .isEqualTo("train/loss");

        Ended evaluated = temper("run", "data.eval_fraction=0.5", "output=" + folder + "/other");
        assertThat(evaluated.out())
                .containsPattern("loss {8}\\d+\\.\\d{4} before, \\d+\\.\\d{4} after, of the evaluation rows\n");
        assertThat(new ObjectMapper()
                        .readTree(folder.resolve("other/manifest.json").toFile())
                        .at("/loss/metric")
                        .asText())
                .isEqualTo("eval/loss");
    }

    private Recipe recipe(String... overrides) {
        return RecipeFile.read(STORE, folder.resolve("recipe.yaml").toString(), List.of(overrides));
    }

    private Ended temper(String command, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of(command, folder.resolve("recipe.yaml").toString()));
        all.addAll(List.of(arguments));
        return Ended.run(
                all.toArray(String[]::new),
                new RunCommand(STORE, recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                new PlanCommand(STORE, request -> Jobs.plan(STORE, request)),
                new PreviewCommand(STORE, request -> Jobs.preview(STORE, request)));
    }
}
