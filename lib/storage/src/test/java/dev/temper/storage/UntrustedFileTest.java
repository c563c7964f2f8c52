package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class UntrustedFileTest {
    @TempDir
    Path disk;

    private Path base;
    private Folder folder;

    @BeforeEach
    void make() throws IOException {
        base = Files.createDirectories(disk.resolve("base"));
        folder = Folder.local(base);
        Files.writeString(disk.resolve("secret"), "secret");
    }

    @Test
    void readsFilesAndLinksWithinTheFolder() throws IOException {
        Files.writeString(Files.createDirectories(base.resolve("real")).resolve("x.json"), "ä");
        Files.createSymbolicLink(base.resolve("config.json"), Path.of("real/x.json"));

        assertThat(UntrustedFile.text(folder, "config.json")).isEqualTo("ä");
        Files.createSymbolicLink(disk.resolve("alias"), base); // how the user names the folder does not matter
        assertThat(UntrustedFile.text(Folder.local(disk.resolve("alias")), "config.json"))
                .isEqualTo("ä");
    }

    @Test
    void followsNoLinkOutOfTheFolder() throws IOException {
        Files.createSymbolicLink(base.resolve("config.json"), Path.of("../secret"));
        Files.createSymbolicLink(base.resolve("chat"), disk);

        assertThatThrownBy(() -> UntrustedFile.text(folder, "config.json"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(base + "/config.json is a link out of its folder, to "
                        + disk.resolve("secret").toRealPath() + ", and is not followed: put the file itself there");
        assertThatThrownBy(() -> UntrustedFile.open(folder, "chat/secret")).hasMessageContaining("is a link out");
    }

    @Test
    void theHubsCacheIsOneFolder() throws IOException {
        Path repository = disk.resolve("models--owner--name");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots/0a1b/sub"));
        Files.writeString(Files.createDirectories(repository.resolve("blobs")).resolve("77ff"), "blob");
        Files.createSymbolicLink(snapshot.getParent().resolve("config.json"), Path.of("../../blobs/77ff"));
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../../blobs/77ff"));
        Files.createSymbolicLink(snapshot.resolve("other.json"), Path.of("../../../../secret"));

        assertThat(UntrustedFile.text(Folder.local(snapshot.getParent()), "config.json"))
                .isEqualTo("blob");
        assertThat(UntrustedFile.text(Folder.local(snapshot), "config.json")).isEqualTo("blob");
        assertThatThrownBy(() -> UntrustedFile.text(Folder.local(snapshot), "other.json"))
                .hasMessageContaining("is a link out of its folder");
    }

    @Test
    void blobsOfAnotherFolderAreNoPartOfIt() throws IOException {
        Path snapshot = Files.createDirectories(disk.resolve("mine/snapshots/0a1b"));
        Files.writeString(Files.createDirectories(disk.resolve("mine/blobs")).resolve("77ff"), "blob");
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/77ff"));

        assertThatThrownBy(() -> UntrustedFile.text(Folder.local(snapshot), "config.json"))
                .hasMessageContaining("is a link out of its folder");
    }

    @Test
    void pipesDevicesAndFoldersAreNoFiles() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", base.resolve("config.json").toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.createDirectories(base.resolve("tokenizer.json"));

        for (String name : new String[] {"config.json", "tokenizer.json"}) {
            assertThatThrownBy(() -> UntrustedFile.text(folder, name))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(base + "/" + name + " is no file: a folder, a pipe or a device is not read");
        }
        assertThatThrownBy(() -> UntrustedFile.text(new LocalStore(), "/dev/zero"))
                .hasMessage("/dev/zero is no file: a folder, a pipe or a device is not read");
        assertThatThrownBy(() -> UntrustedFile.text(folder, "none.json")).isInstanceOf(NoSuchFileException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "chat_template.jinja", "tokenizer.json", "model.safetensors.index.json"})
    void whatIsReadWholeHasALimit(String name) throws IOException {
        long limit = name.startsWith("c") ? 16L << 20 : 64L << 20;
        try (RandomAccessFile file = new RandomAccessFile(base.resolve(name).toFile(), "rw")) {
            file.setLength(limit);
        }
        assertThat(UntrustedFile.bytes(folder, name)).hasSize((int) limit);
        try (RandomAccessFile file = new RandomAccessFile(base.resolve(name).toFile(), "rw")) {
            file.setLength(30L << 30);
        }
        assertThatThrownBy(() -> UntrustedFile.text(folder, name))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "%s/%s has more than %,d bytes, the most that such a file may have: is it one?",
                        base, name, limit);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "..\\x", "a\u0000b"})
    void namesThatLeadElsewhereAreRefused(String name) {
        assertThatThrownBy(() -> UntrustedFile.plainName(name, "the index"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(
                        "the index names the file '" + name + "', which is no name of a file beside it");
    }
}
