package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.storage.Store;
import dev.temper.testkit.MountNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An output that goes while a run writes into it: the run ends with one sentence, and makes nothing anew. */
final class VanishedOutputTest {
    /** Starts the command, and lets the output go once a file in it, or a folder, matches. */
    private static final String LET_GO =
            """
            BEFORE
            "$@" &
            while kill -0 $! && ! ls OUTPUT/PATTERN; do sleep 0.02; done >/dev/null 2>&1
            GO
            wait $!
            """;

    @TempDir
    private Path folder;

    private Path output;

    @BeforeEach
    void write() throws IOException {
        SmallClassifier.write(folder);
        output = folder.resolve("output");
    }

    @ParameterizedTest
    @CsvSource({"lease-*.beat, 1", "checkpoints/step-*/MANIFEST.json, 1", "checkpoints/step-*/MANIFEST.json, 2"})
    void aMountThatGoesIsNotWrittenAround(String file, String workers) throws Exception {
        Optional<String> refusal = MountNamespace.refusal();
        assumeTrue(refusal.isEmpty(), refusal.orElse(""));
        Files.createDirectory(output);
        String script = script("mount -t tmpfs temper OUTPUT", file, "umount -l OUTPUT");

        Ended ended = run(MountNamespace.before(script), "cluster.workers=" + workers);

        assertLost(ended, "output: " + output);
        assertThat(output).isEmptyDirectory(); // of the disk below
    }

    @ParameterizedTest
    @CsvSource({"lease-*.beat", "prepared/*", "checkpoints/step-*/MANIFEST.json"})
    void aFolderThatIsMovedAwayIsNotMadeAnew(String file) throws Exception {
        String script = script("", file, "mv OUTPUT OUTPUT.moved");

        Ended ended = run(List.of("sh", "-c", script, "sh"));

        assertLost(ended, "output: " + output);
        assertThat(output).doesNotExist();
        assertThat(folder.resolve("output.moved")).isDirectory();
    }

    @Test
    void theSameCommandGoesOnWhenItIsBack() throws Exception {
        String script = script("", "checkpoints/step-*/MANIFEST.json", "mv OUTPUT OUTPUT.moved");
        String[] few = {"training.max_steps=30", "training.save_steps=1"};
        assertLost(run(List.of("sh", "-c", script, "sh"), few), "output: " + output);
        Files.move(folder.resolve("output.moved"), output);

        Ended ended = run(List.of(), few);

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.out()).contains("continues after step");
        assertThat(output.resolve("manifest.json")).content().contains("finished");
        assertThat(Folder.local(output).list()).extracting(Store.Entry::name).noneMatch(Lease::isPart);
    }

    private String script(String before, String file, String go) {
        return LET_GO.replace("BEFORE", before)
                .replace("GO", go)
                .replace("PATTERN", file)
                .replace("OUTPUT", output.toString());
    }

    private static void assertLost(Ended ended, String folder) {
        assertThat(ended.err().lines().filter(line -> line.startsWith("temper: ")))
                .singleElement()
                .isEqualTo("temper: " + folder + " is no longer the folder that was begun: it was moved or emptied, or"
                        + " its mount has gone; nothing more is written there: bring it back and run the same command"
                        + " again");
        assertThat(ended.code()).isEqualTo(1);
    }

    private Ended run(List<String> before, String... overrides) throws Exception {
        List<String> args =
                new ArrayList<>(List.of("run", folder.resolve("recipe.yaml").toString()));
        args.addAll(List.of("training.save_strategy=steps", "training.save_steps=5", "training.max_steps=100000"));
        args.addAll(List.of(overrides));
        return new Forked(folder, before, List.of()).run(args.toArray(String[]::new));
    }
}
