package dev.temper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JarsTest {
    @TempDir
    private Path folder;

    @Test
    void packsFoldersOfClassesAndPartsTheRest() throws Exception {
        Jars jars = Jars.ofClassPath(folder);

        assertThat(jars.application()).allMatch(jar -> jar.toString().endsWith(".jar"));
        try (JarFile tests = new JarFile(jars.application().get(0).toFile())) {
            assertThat(tests.getEntry("dev/temper/testkit/JarsTest.class")).isNotNull();
        }
        assertThat(jars.application()).anyMatch(jar -> jar.endsWith("api-0.35.1.jar"));
        assertThat(jars.spark()).anyMatch(jar -> jar.toString().contains("gson"));
        assertThat(jars.applicationList()).contains(",");
    }
}
