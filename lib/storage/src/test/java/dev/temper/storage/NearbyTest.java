package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NearbyTest {
    @TempDir
    private Path folder;

    @Test
    void theNearestNameBesideItIsMeant() throws IOException {
        Files.createFile(folder.resolve("train.csv"));
        Files.createDirectory(folder.resolve("models"));

        assertThat(hint("trian.csv")).isEqualTo(" (" + folder + "/train.csv?)");
        assertThat(hint("modles/")).isEqualTo(" (" + folder + "/models?)");
        assertThat(hint("rows.csv")).isEmpty();
        assertThat(hint("nowhere/train.csv")).isEmpty();
        assertThat(hint("trian.csv/x")).isEmpty();
    }

    private String hint(String name) {
        return Nearby.hint(new LocalStore(), folder + "/" + name);
    }
}
