package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code deploy/first-hour}: what a new user types and sees, as docs/first-hour.txt has it. Where commands now say
 * something else: {@code deploy/first-hour --masked > docs/first-hour.txt}.
 */
final class FirstHourTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));
    private static final Duration LIMIT = Duration.ofMinutes(10);

    @TempDir
    private Path folder;

    @Test
    void isAsItsTranscriptSays() throws Exception {
        List<String> temper = new ArrayList<>(List.of(ChildProcess.java()));
        temper.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .toList());
        temper.addAll(List.of("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        Path logging = ROOT.resolve("deploy/log4j2.properties");
        temper.add("-Dlog4j2.configurationFile=" + logging.toUri());
        temper.addAll(List.of("-cp", System.getProperty("java.class.path"), Temper.class.getName()));
        List<String> command = List.of(ROOT.resolve("deploy/first-hour").toString(), "--masked");
        Map<String, String> environment = Map.of("TEMPER", String.join(" ", temper), "LC_ALL", "C.UTF-8");

        try (ChildProcess process = ChildProcess.start(command, environment, folder.resolve("log"))) {
            ChildProcess.Result result = process.await(LIMIT);

            assertThat(result.exitCode()).isZero();
            assertThat(result.output()).isEqualTo(Files.readString(ROOT.resolve("docs/first-hour.txt")));
        }
    }
}
