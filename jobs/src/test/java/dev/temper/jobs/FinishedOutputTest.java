package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run is finished when all its files are there, and only then is there nothing to do. */
final class FinishedOutputTest {
    @TempDir
    private static Path folder;

    private static SmallClassifier setup;
    private static Path output;

    @BeforeAll
    static void train() throws Exception {
        setup = SmallClassifier.write(folder);
        output = folder.resolve("output");
        Ended ended = run();
        assertThat(ended.code()).as(ended.err()).isZero();
    }

    private static Ended run() {
        return setup.temper("run", "@/recipe.yaml", "training.max_steps=2");
    }

    @Test
    void theManifestListsAllFilesOfTheRunWithTheirSizes() throws Exception {
        JsonNode manifest =
                new ObjectMapper().readTree(output.resolve("manifest.json").toFile());
        Map<String, Long> listed = new TreeMap<>();
        manifest.path("written")
                .fields()
                .forEachRemaining(
                        file -> listed.put(file.getKey(), file.getValue().asLong()));

        Map<String, Long> there = new TreeMap<>();
        try (Stream<Path> files = Files.walk(output)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                there.put(output.relativize(file).toString(), Files.size(file));
            }
        }
        there.keySet().removeIf(name -> name.matches("(prepared|checkpoints)/.*|manifest.json"));
        assertThat(listed)
                .isEqualTo(there)
                .containsKeys("model/model.safetensors", "model/tokenizer.json", "run.yaml", "report.html")
                .containsKeys("metrics/part-00000.parquet", "evaluation/predictions.csv");
    }

    @Test
    void aFinishedRunWithoutItsFilesIsNotLeftAlone() throws Exception {
        for (String name :
                new String[] {"model/model.safetensors", "model/config.json", "metrics/part-00000.parquet"}) {
            Path hidden = folder.resolve("hidden");
            Files.move(output.resolve(name), hidden);

            Ended ended = run();

            assertThat(ended.err())
                    .isEqualTo("temper: output: " + output + " holds the finished run of this recipe, but " + name
                            + " is missing; bring it back, or name another folder or empty it\n");
            assertThat(ended.code()).isEqualTo(2);
            Files.move(hidden, output.resolve(name));
            assertThat(run().out()).contains("nothing to do");
        }
    }

    @Test
    void norWithWeightsThatAreCutOff() throws Exception {
        Path weights = output.resolve("model/model.safetensors");
        byte[] all = Files.readAllBytes(weights);
        Damage.cut(weights, 100);

        Ended ended = run();

        assertThat(ended.err())
                .contains("but model/model.safetensors has 100 bytes instead of " + all.length + "; bring it back");
        Files.write(weights, all);
    }

    @Test
    void itsOwnRecipeIsTheSameRunAndRepeatsIt() throws IOException {
        assertThat(setup.temper("run", "@/output/run.yaml").out()).contains("nothing to do");

        Ended repeated = setup.temper("run", "@/output/run.yaml", "output=@/again");

        assertThat(repeated.code()).as(repeated.err()).isZero();
        assertThat(hash(folder.resolve("again"))).isEqualTo(hash(output));
        assertThat(folder.resolve("again/model/model.safetensors"))
                .hasSameBinaryContentAs(output.resolve("model/model.safetensors"));
        assertThat(setup.temper("run", "@/output/run.yaml", "training.max_steps=3")
                        .err())
                .isEqualTo("temper: output: " + output + " holds the run of another recipe: training.max_steps is 2"
                        + " there and 3 here; name another folder or empty it\n");
    }

    private static String hash(Path run) throws IOException {
        JsonNode manifest =
                new ObjectMapper().readTree(run.resolve("manifest.json").toFile());
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        return manifest.path("recipe_hash").asText();
    }

    @Test
    void aCardThatWasEditedChangesNothing() throws IOException {
        Files.writeString(output.resolve("model/README.md"), "Ours.", StandardOpenOption.APPEND);

        assertThat(run().out()).contains("nothing to do");
    }
}
