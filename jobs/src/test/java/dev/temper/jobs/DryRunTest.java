package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run --dry-run}, {@code --quiet} and {@code --json}. */
@Tag("spark")
final class DryRunTest {
    private static final List<String> VERSION = List.of("test", "commit");

    @TempDir
    private Path folder;

    private Path output;

    @BeforeEach
    void write() throws IOException {
        SmallClassifier.write(folder);
        output = folder.resolve("output");
    }

    @Test
    void allIsCheckedAndNothingStays() throws IOException {
        Map<String, Integer> before = snapshot();

        Ended ended = run("--dry-run");

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("60 rows = ")
                .endsWith("all checks are passed; without --dry-run this command trains\n");
        assertThat(ended.code()).isZero();
        assertThat(run("--dry-run", "data.prepared=" + folder + "/shared").code())
                .isZero();
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void mistakesInTheRowsAreFound() throws IOException {
        Files.writeString(folder.resolve("texts.csv"), "text,label\ngood,yes\nfine,yes\nwell,yes\n");
        Map<String, Integer> before = snapshot();

        Ended ended = run("--dry-run", "data.eval_fraction=0");

        assertThat(ended.err()).startsWith("temper: data: all 3 rows to train on are of the class yes");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void whatWasThereStaysAsItWas() throws IOException {
        assertThat(run("training.max_steps=2").code()).isZero();
        Map<String, Integer> finished = snapshot();
        assertThat(run("--dry-run", "training.max_steps=2").out()).contains("nothing to do");
        assertThat(run("--dry-run", "training.max_steps=3").err()).contains("training.max_steps is 2 there and 3 here");
        assertThat(snapshot()).isEqualTo(finished);

        Files.delete(output.resolve("manifest.json")); // as of a run that was killed
        Map<String, Integer> begun = snapshot();
        assertThat(run("--dry-run", "training.max_steps=2").out()).contains("prepared before", "all checks are passed");
        assertThat(snapshot()).isEqualTo(begun);
        try (Stream<Path> prepared = Files.list(output.resolve("prepared"))) {
            for (Path key : prepared.toList()) {
                Files.move(key, folder.resolve("moved"));
            }
        }
        begun = snapshot();
        assertThat(run("--dry-run", "training.max_steps=2").out()).doesNotContain("prepared before");
        assertThat(snapshot()).isEqualTo(begun);
    }

    @Test
    void whatAKilledOneLeftGoes() throws IOException {
        Path left = Files.createDirectories(output.resolve("trial-of-writing/key"));
        Files.writeString(left.resolve("part-00000.parquet"), "cut off");

        assertThat(run("--dry-run").code()).isZero();

        assertThat(output).isEmptyDirectory();
    }

    @Test
    void quietSaysWhatGoesWrongAndJsonTheManifest() throws IOException {
        Ended quiet = run("--quiet", "training.max_steps=2");
        assertThat(quiet).isEqualTo(new Ended(0, "", ""));

        Ended json = run("training.max_steps=2", "--json");
        String manifest = Files.readString(output.resolve("manifest.json"));
        assertThat(json.out()).endsWith("}\n");
        assertThat(new ObjectMapper().readTree(json.out()))
                .isEqualTo(new ObjectMapper().readTree(manifest.replace("\n", " ")));
        assertThat(json.err()).contains("nothing to do");
        assertThat(run("training.max_steps=2", "--json", "--quiet").err()).isEmpty();

        assertThat(run("--quiet", "training.max_steps=0").err())
                .isEqualTo("temper: training.max_steps must be positive, got 0\n");
        assertThat(run("--json", "--dry-run").err()).startsWith("temper: --json changes nothing with --dry-run");
    }

    private Ended run(String... arguments) {
        List<String> all =
                new ArrayList<>(List.of("run", folder.resolve("recipe.yaml").toString()));
        all.addAll(Arrays.asList(arguments));
        return Ended.run(
                all.toArray(String[]::new),
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, VERSION))
                        .checking(recipe -> Jobs.check(recipe, VERSION)));
    }

    private Map<String, Integer> snapshot() throws IOException {
        Map<String, Integer> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.toList()) {
                int content = Files.isRegularFile(file) ? Arrays.hashCode(Files.readAllBytes(file)) : 0;
                files.put(folder.relativize(file).toString(), content);
            }
        }
        return files;
    }
}
