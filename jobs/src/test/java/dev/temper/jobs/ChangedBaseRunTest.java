package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} with an adapter over a base whose files somebody touches meanwhile. */
final class ChangedBaseRunTest {
    /** Starts the command, and touches the base once there is a checkpoint. */
    private static final String TOUCH =
            """
            "$@" &
            while kill -0 $! && ! ls FOLDER/output/checkpoints/*/MANIFEST.json; do sleep 0.02; done >/dev/null 2>&1
            TOUCH FOLDER/base/model.safetensors
            wait $!
            """;

    @TempDir
    private Path folder;

    private Path weights;

    @BeforeEach
    void write() throws IOException {
        SmallClassifier.write(folder);
        weights = folder.resolve("base/model.safetensors");
    }

    @Test
    void aBaseThatWasWrittenToGivesASentenceAndNoAdapter() throws Exception {
        Ended ended = run("touch -d 2001-01-01", List.of());

        assertThat(ended.err().lines().filter(line -> line.startsWith("temper: ")))
                .singleElement()
                .asString()
                .startsWith("temper: model.base: " + weights + " was changed while it was in use: it had ")
                .contains("of 2001-01-01T")
                .endsWith("put it back and run the same command again, which goes on from the newest checkpoint");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(folder.resolve("output/adapter")).doesNotExist();
    }

    /** What Java reads of a page that is gone ends it; the launcher says of which file it was. */
    @Test
    void aBaseThatIsCutOffEndsJavaAndTheLauncherSaysWhy() throws Exception {
        Path launcher = Path.of(System.getProperty("temper.root"), "deploy", "temper");
        Path report = folder.resolve("crash.log");
        List<String> options = List.of(
                "-XX:ErrorFile=" + report,
                "-XX:-CreateCoredumpOnCrash",
                "-XX:OnError='" + launcher + "' --crashed '" + report + "'");

        Ended ended = run("truncate -s 0", options);

        assertThat(ended.err())
                .contains(
                        "temper: " + weights + " was cut off while it was in use, which ends Java at once; a file of a"
                                + " base or adapter must stay as it is until the run ends: put it back and run the same"
                                + " command again (report: " + report + ")");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(folder.resolve("output/adapter")).doesNotExist();

        Ended again = run("true", List.of());
        assertThat(again.err()).contains("temper: " + weights + " is cut off: 0 bytes are no safetensors file");
        assertThat(again.code()).isEqualTo(2);
    }

    private Ended run(String touch, List<String> options) throws Exception {
        String script = TOUCH.replace("TOUCH", touch).replace("FOLDER", folder.toString());
        return new Forked(folder, List.of("sh", "-c", script, "sh"), options)
                .run(
                        "run",
                        folder.resolve("recipe.yaml").toString(),
                        "adapter.r=2",
                        "training.max_steps=100000",
                        "training.save_strategy=steps",
                        "training.save_steps=20");
    }
}
