package dev.temper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChildProcessTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    @Test
    void returnsExitCodeAndOutput() throws Exception {
        try (ChildProcess process = shell("echo $GREETING; echo wrong >&2; exit 3", Map.of("GREETING", "hello"))) {
            assertThat(process.await(LIMIT)).isEqualTo(new ChildProcess.Result(3, "hello\nwrong\n"));
        }
    }

    @Test
    void closingEndsDescendants() throws Exception {
        ProcessHandle child;
        ProcessHandle parent;
        try (ChildProcess process = shell("sleep 600 & echo child $!; wait", Map.of())) {
            String id = process.awaitOutput(Pattern.compile("child (\\d+)\\n"), LIMIT);
            child = ProcessHandle.of(Long.parseLong(id)).orElseThrow();
            parent = process.handle();
        }

        assertThat(child.onExit()).succeedsWithin(LIMIT);
        assertThat(parent.onExit()).succeedsWithin(LIMIT);
    }

    @Test
    void failsAtOnceWithTheOutputWhenTheProcessEndsTooEarly() throws Exception {
        try (ChildProcess process = shell("echo no such port; exit 5", Map.of())) {
            assertThatThrownBy(() -> process.awaitUntil("listening", Duration.ofHours(1), () -> false))
                    .hasMessageContainingAll("exit code 5 before listening", "no such port");
        }
    }

    private ChildProcess shell(String script, Map<String, String> environment) throws Exception {
        return ChildProcess.start(List.of("bash", "-c", script), environment, folder.resolve("log"));
    }
}
