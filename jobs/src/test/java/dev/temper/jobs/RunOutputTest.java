package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.jobs.RunOutput.State;
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

/** Whose an output is, by what lies in it; {@link KilledRunTest} has every state that a killed run leaves. */
final class RunOutputTest {
    private static final String STRANGE = " holds files that are no run of Temper; name another folder or empty it";
    private static final String ANOTHERS = " holds the run of another recipe; name another folder or empty it";

    private static final String CLAIM = "lease-0000000a-1.1-0123456789abcdef";

    @TempDir
    private Path disk;

    private Recipe recipe;
    private String header;

    @BeforeEach
    void read() throws IOException {
        Path file = Files.writeString(disk.resolve("recipe.yaml"), "model: {base: a}\ndata: {train: b}\noutput: c\n");
        recipe = Recipe.read(new LocalStore(), file.toString(), List.of());
        header = "# recipe_hash: " + recipe.hash() + "\n";
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
        String manifest = "{\"recipe_hash\": \"" + recipe.hash() + "\", \"status\": \"%s\"}";
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
        String another = header.replace(recipe.hash(), "0".repeat(64));
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
