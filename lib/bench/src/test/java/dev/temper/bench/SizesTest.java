package dev.temper.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The modules that were one room each stay rooms: small packages, short files, a thin command line. */
final class SizesTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root", "../.."));
    private static final int FILES = 25;
    private static final int LINES = 330;
    private static final int COMMAND_LINE = 2200;

    @ParameterizedTest
    @ValueSource(strings = {"lib/train", "lib/spark", "lib/run", "jobs"})
    void packagesAndFilesAreSmall(String module) throws IOException {
        List<Path> sources = sources(module);
        Map<Path, Long> perPackage =
                sources.stream().collect(Collectors.groupingBy(Path::getParent, Collectors.counting()));
        assertThat(sources).isNotEmpty();
        assertThat(perPackage)
                .allSatisfy((folder, files) ->
                        assertThat(files).as("files of %s", folder).isLessThanOrEqualTo(FILES));
        assertThat(sources)
                .allSatisfy(
                        file -> assertThat(lines(file)).as("lines of %s", file).isLessThanOrEqualTo(LINES));
    }

    @Test
    void theCommandLineIsThin() throws IOException {
        int sum = 0;
        for (Path file : sources("jobs")) {
            sum += lines(file);
        }
        assertThat(sum).isBetween(1, COMMAND_LINE);
    }

    private static int lines(Path file) throws IOException {
        return Files.readAllLines(file).size();
    }

    private static List<Path> sources(String module) throws IOException {
        try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
