package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What libgomp says of itself in a process of its own: it prints its settings when it is loaded. */
@EnabledOnOs(OS.LINUX)
final class ThreadWaitingTest {
    @Test
    void threadsSpinForMicrosecondsUnlessTheUserSaysOtherwise() throws Exception {
        assertThat(settings(Map.of())).contains("GOMP_SPINCOUNT = '700'");
    }

    @Test
    void aUsersSpinCountStands() throws Exception {
        assertThat(settings(Map.of("GOMP_SPINCOUNT", "77"))).contains("GOMP_SPINCOUNT = '77'");
    }

    @Test
    void aUsersPolicyStands() throws Exception {
        assertThat(settings(Map.of("OMP_WAIT_POLICY", "PASSIVE")))
                .contains("OMP_WAIT_POLICY = 'PASSIVE'", "GOMP_SPINCOUNT = '0'");
    }

    private static String settings(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName()))
                .redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "JAVA_TOOL_OPTIONS"));
        builder.environment().put("OMP_DISPLAY_ENV", "VERBOSE");
        builder.environment().putAll(environment);
        Process process = builder.start();
        try (InputStream out = process.getInputStream()) {
            String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(text).isZero();
            return text;
        }
    }

    /** Opens a workspace. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) {
            try (Workspace workspace = Workspace.open(2)) {
                workspace.zeros(new Shape(1)).close();
            }
        }
    }
}
