package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.model.ModelTask;
import dev.temper.model.TinyModel;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper merge} that dies at each change of its output: the same command goes on, another one is refused. */
final class KilledMergeTest {
    @TempDir
    private Path disk;

    @BeforeEach
    void write() throws IOException {
        System.setProperty(WatchedFileSystem.PROPERTY, WatchedFileSystem.class.getName());
        TinyModel.LLAMA.write(disk.resolve("base"));
        for (String name : List.of("adapter", "other")) {
            MergeTest.writeAdapter(
                    disk.resolve("base"),
                    disk.resolve(name),
                    ModelTask.causalLm(),
                    MergeTest.lora(List.of("v_proj"), false, List.of()));
        }
    }

    @AfterEach
    void forget() {
        System.clearProperty(WatchedFileSystem.PROPERTY);
        WatchedFileSystem.watch((change, path) -> {});
    }

    @Test
    void sameCommandEndsWithTheUndisturbedModel() throws Exception {
        AtomicInteger changes = new AtomicInteger();
        WatchedFileSystem.watch((change, path) -> changes.incrementAndGet());
        assertThat(merge("adapter").err()).isEmpty();
        Map<String, byte[]> undisturbed = files();
        int refused = 0;
        for (int last = 0; last < changes.get(); last++) {
            new LocalStore().delete(disk.resolve("out").toString());
            dieAfter(last);
            int code = merge("adapter").code();
            WatchedFileSystem.watch((change, path) -> {});

            if (code != 0) {
                boolean isBegun = files().containsKey("README.md") || files().containsKey("config.json");
                Ended other = isBegun ? merge("other") : new Ended(2, "", "not empty");
                assertThat(other.err()).as("after change %d", last).contains("not empty");
                assertThat(other.code()).isEqualTo(2);
                refused += isBegun ? 1 : 0;
                boolean isDone = !files().containsKey("merge.unfinished") && isBegun; // it died giving the folder back
                assertThat(merge("adapter").err())
                        .as("after change %d", last)
                        .satisfies(err -> assertThat(err.contains("not empty")).isEqualTo(isDone));
            }
            assertThat(files()).as("after change %d", last).containsExactlyEntriesOf(undisturbed);
        }
        assertThat(refused).isPositive();
    }

    /** All later changes fail, so that nothing is cleaned up. */
    private static void dieAfter(int last) {
        AtomicInteger changes = new AtomicInteger();
        WatchedFileSystem.watch((change, path) -> {
            if (changes.getAndIncrement() >= last) {
                throw new IOException("dead");
            }
        });
    }

    private Ended merge(String adapter) {
        String[] args = {
            "merge",
            disk.resolve("base").toString(),
            "--adapter",
            disk.resolve(adapter).toString(),
            "--output",
            "watched:" + disk.resolve("out")
        };
        return Ended.run(args, new MergeCommand(request -> Jobs.merge(Jobs.store(), request)));
    }

    private Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> found = new TreeMap<>();
        if (Files.notExists(disk.resolve("out"))) {
            return found;
        }
        try (Stream<Path> all = Files.walk(disk.resolve("out"))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                found.put(disk.resolve("out").relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return found;
    }
}
