package dev.temper.run.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.run.output.RunOutput.State;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose an output is, by what lies in it; {@code KilledRunTest} has every state that a killed run leaves. */
final class RunOutputTest {
    private static final String STRANGE = " holds files that are no run of Temper; name another folder or empty it";
    private static final String ANOTHERS = " holds the run of another recipe; name another folder or empty it";

    private static final String MANIFEST = "{\"recipe_hash\": \"%s\", \"status\": \"%s\"}";

    private static final String CLAIM = "lease-0000000a-1.1-0123456789abcdef";

    @TempDir
    private Path disk;

    private Recipe recipe;
    private String header;

    @BeforeEach
    void read() throws IOException {
        Path file = Files.writeString(disk.resolve("recipe.yaml"), "model: {base: a}\ndata: {train: b}\noutput: c\n");
        recipe = RecipeFile.read(new LocalStore(), file.toString(), List.of());
        header = "# recipe_hash: " + RecipeIdentity.hash(recipe) + "\n";
    }

    @Test
    void nothingOfValueIsFree() throws Exception {
        assertThat(state(Map.of())).isEqualTo(State.FREE);
        assertThat(state(Map.of("trial-of-writing", "temper"))).isEqualTo(State.FREE);
        assertThat(state(Map.of(CLAIM, "", CLAIM + ".beat", "holds 1"))).isEqualTo(State.FREE);
        assertThat(state(Map.of("prepared/k/part-00000.parquet", "x"))).isEqualTo(State.FREE);
        assertThat(state(Map.of("run.yaml", "", "prepared/k/x", "x"))).isEqualTo(State.FREE);
        assertThat(state(Map.of("manifest.json", ""))).isEqualTo(State.FREE);
        assertThat(state(Map.of("run.yaml", header.substring(0, 30), "manifest.json", "")))
                .isEqualTo(State.FREE);
    }

    @Test
    void aRunIsKnownByEitherOfItsFirstFiles() throws Exception {
        String manifest = MANIFEST.formatted(RecipeIdentity.hash(recipe), "%s");
        assertThat(state(Map.of("run.yaml", header))).isEqualTo(State.UNFINISHED);
        assertThat(state(Map.of("run.yaml", header + "name: x\nmod", "model/x", "")))
                .isEqualTo(State.UNFINISHED);
        assertThat(state(Map.of("run.yaml", header, "manifest.json", "", "model/x", "")))
                .isEqualTo(State.UNFINISHED);
        assertThat(state(Map.of("run.yaml", header, "manifest.json", manifest.substring(0, 40))))
                .isEqualTo(State.UNFINISHED);
        assertThat(state(Map.of("run.yaml", "", "manifest.json", manifest.formatted("running"))))
                .isEqualTo(State.UNFINISHED);
        assertThat(state(Map.of("manifest.json", manifest.formatted("finished"))))
                .isEqualTo(State.FINISHED);
    }

    @Test
    void othersFilesAreRefused() throws Exception {
        String another = header.replace(RecipeIdentity.hash(recipe), "0".repeat(64));
        refuses(Map.of("run.yaml", another), ANOTHERS);
        refuses(Map.of("run.yaml", another.substring(0, 40)), ANOTHERS);
        refuses(Map.of("run.yaml", header, "manifest.json", "{\"recipe_hash\": \"x\"}"), ANOTHERS);
        refuses(Map.of("run.yaml", "name: mine\n"), STRANGE);
        refuses(Map.of("run.yaml", "", "thesis.txt", "mine"), STRANGE);
        refuses(Map.of("lease-agreement.pdf", "mine"), STRANGE);
        refuses(Map.of("manifest.json", "", "model/model.safetensors", "mine"), STRANGE);
        refuses(Map.of("manifest.json", "not JSON"), STRANGE);
        refuses(Map.of("trial-of-writing", "temper", "thesis.txt", "mine"), STRANGE);
    }

    /** And nothing is written where no run of this recipe was on its way. */
    @Test
    void aRunThatHasBegunSaysHowItEnded() throws Exception {
        String ours = MANIFEST.formatted(RecipeIdentity.hash(recipe), "running");
        RunOutput output = write(Map.of("run.yaml", header, "manifest.json", ours));
        output.writeManifestEnded(recipe, new RunFailure(1, "a worker was lost"));
        assertThat(output.manifest().toString())
                .isEqualTo(ours.replace(" ", "").replace("running", "failed").replace("}", "")
                        + ",\"exit_code\":1,\"error\":\"a worker was lost\"}");
        assertThat(output.state(recipe)).isEqualTo(State.UNFINISHED);

        Files.writeString(disk.resolve("out/manifest.json"), ours);
        output.writeManifestEnded(recipe, new RunFailure(1, "interrupted after update 3").interrupted());
        assertThat(output.manifest().path("status").asText()).isEqualTo("interrupted");

        for (String other : List.of(
                MANIFEST.formatted(RecipeIdentity.hash(recipe), "finished"),
                MANIFEST.formatted("another", "running"))) {
            Files.writeString(disk.resolve("out/manifest.json"), other);
            output.writeManifestEnded(recipe, new RunFailure(1, "a worker was lost"));
            assertThat(disk.resolve("out/manifest.json")).hasContent(other);
        }
        RunOutput none = RunOutput.of(Folder.local(disk.resolve("none")));
        none.writeManifestEnded(recipe, new RunFailure(2, "a mistake"));
        assertThat(disk.resolve("none")).doesNotExist();
    }

    /** The precision that was chosen and the day that was told stand in it. */
    @Test
    void itsOwnRecipeIsTheSameRun() throws Exception {
        RunOutput output = write(Map.of());
        output.writeRecipe(recipe, recipe.in(Recipe.Precision.BF16), "2024-02-29");
        Recipe own = read(disk.resolve("out/run.yaml"));

        assertThat(own.model().precision()).isEqualTo(Recipe.Precision.BF16);
        assertThat(own.data().date()).contains("2024-02-29");
        assertThat(output.state(own)).isEqualTo(State.UNFINISHED);
        assertThat(output.state(recipe)).isEqualTo(State.UNFINISHED);
        assertThat(output.state(read(disk.resolve("recipe.yaml"), "data.date=2024-02-29")))
                .isEqualTo(State.UNFINISHED);
        Files.writeString(disk.resolve("out/manifest.json"), MANIFEST.formatted(RecipeIdentity.hash(own), "finished"));
        assertThat(output.state(own)).isEqualTo(State.FINISHED);
        assertThat(output.state(recipe)).isEqualTo(State.FINISHED);
    }

    @Test
    void aRefusalNamesTheKeysThatDiffer() throws Exception {
        RunOutput output = write(Map.of());
        output.writeRecipe(recipe, recipe.in(Recipe.Precision.BF16), "2024-02-29");

        assertThat(refusal(output, "training.seed=7")).isEqualTo("training.seed is 42 there and 7 here");
        assertThat(refusal(output, "model.precision=fp32")).isEqualTo("model.precision is bf16 there and fp32 here");
        assertThat(refusal(output, "data.date=2024-03-01"))
                .isEqualTo("data.date is 2024-02-29 there and 2024-03-01 here");
        assertThat(refusal(output, "adapter={}"))
                .startsWith("adapter is not set there and {\"type\":\"lora\",\"r\":8,")
                .endsWith("… here; training.learning_rate is 2.0E-5 there and 2.0E-4 here");
        assertThat(refusal(output, "data.separator=", "data.eval=x", "model.base=b", "training.batch_size=1", "name=n"))
                .isEqualTo("data.eval is not set there and x here; model.base is a there and b here; name is recipe"
                        + " there and n here; and 1 more");
        assertThat(refusal(output, "data.chat_template_kwargs={x: 's3a://KEYID:hidden0@bucket/a'}"))
                .isEqualTo("data.chat_template_kwargs.x is not set there and s3a://bucket/a here");
        assertThat(output.state(read(disk.resolve("recipe.yaml"), "cluster.workers=3", "training.logging_steps=1")))
                .as("no part of it")
                .isEqualTo(State.UNFINISHED);

        String whole = Files.readString(disk.resolve("out/run.yaml"));
        Files.writeString(disk.resolve("out/run.yaml"), whole.substring(0, whole.indexOf("  seed: 42")));
        assertThat(refusal(output, "training.seed=7")).as("cut off").isEmpty();
    }

    private String refusal(RunOutput output, String... overrides) throws IOException {
        Recipe other = read(disk.resolve("recipe.yaml"), overrides);
        try {
            output.state(other);
        } catch (InvalidInputException e) {
            String before = "output: " + disk.resolve("out") + " holds the run of another recipe";
            String after = "; name another folder or empty it";
            assertThat(e.getMessage()).startsWith(before).endsWith(after);
            return e.getMessage()
                    .substring(before.length(), e.getMessage().length() - after.length())
                    .replaceFirst("^: ", "");
        }
        throw new AssertionError("it is taken for the same: " + List.of(overrides));
    }

    private static Recipe read(Path file, String... overrides) {
        return RecipeFile.read(new LocalStore(), file.toString(), List.of(overrides));
    }

    @Test
    void whatIsCutOffOfTheRecipeIsChosenAnew() throws Exception {
        RunOutput whole = write(Map.of("run.yaml", header + "model: {precision: bf16}\ndata: {date: 2024-02-29}\n"));
        assertThat(whole.precision()).contains(Recipe.Precision.BF16);
        assertThat(whole.date().orElseThrow()).hasToString("2024-02-29");
        for (String cut : List.of("", "model: {precision: bf1", "model: {precision: bf}\ndata: {date: 2024-0}\n")) {
            RunOutput output = write(Map.of("run.yaml", header + cut));
            assertThat(output.precision()).as(cut).isEmpty();
            assertThat(output.date()).as(cut).isEmpty();
        }
    }

    private void refuses(Map<String, String> files, String message) {
        assertThatThrownBy(() -> state(files))
                .as(files.toString())
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("output: " + disk.resolve("out") + message);
    }

    private State state(Map<String, String> files) throws IOException {
        return write(files).state(recipe);
    }

    private RunOutput write(Map<String, String> files) throws IOException {
        Folder folder = Folder.local(disk.resolve("out"));
        new LocalStore().delete(folder.location());
        for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
            folder.writeText(file.getKey(), file.getValue());
        }
        return RunOutput.of(folder);
    }
}
