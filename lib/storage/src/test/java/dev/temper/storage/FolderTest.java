package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderTest {
    @TempDir
    Path disk;

    @Test
    void readsBackWhatItWroteBelowFoldersThatDidNotExist() throws Exception {
        Folder folder = Folder.local(disk).child("a");

        folder.writeText("b/c.txt", "grün");

        assertThat(folder.readText("b/c.txt")).isEqualTo("grün");
        assertThat(folder.bytes("b/c.txt")).contains(5L);
        assertThat(folder.list()).containsExactly(new Store.Entry("b", true, 0));
    }

    @Test
    void deletesAFolderWithAllInIt() throws Exception {
        Folder folder = Folder.local(disk);
        folder.writeText("a/b/c.txt", "x");

        folder.delete("a");

        assertThat(folder.has("a")).isFalse();
        assertThat(folder.list()).isEmpty();
        folder.delete("a");
    }

    @Test
    void acceptsFileUris() throws Exception {
        Folder folder = new Folder(new LocalStore(), disk.toUri().toString());

        folder.writeText("x y.txt", "1");

        assertThat(Folder.local(disk).readText("x y.txt")).isEqualTo("1");
    }

    @Test
    void reportsAMissingFileByName() {
        assertThatThrownBy(() -> Folder.local(disk).readText("none.txt"))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("none.txt");
    }

    @Test
    void aFileAppearsWholeAndReplacesTheOldOneAtOnce() throws Exception {
        Folder folder = Folder.local(disk);
        folder.writeText("a.txt", "old");

        try (OutputStream out = folder.write("a.txt");
                OutputStream other = folder.write("b.txt")) {
            out.write("new, and longer".getBytes(StandardCharsets.UTF_8));
            other.write('1');
            assertThat(folder.readText("a.txt")).isEqualTo("old");
            assertThat(folder.list()).extracting("name").containsExactly("a.txt");
        }

        assertThat(folder.readText("a.txt")).isEqualTo("new, and longer");
        assertThat(folder.list()).extracting("name").containsExactly("a.txt", "b.txt");
    }

    @Test
    void aLinkIsWrittenThroughAndNotReplaced() throws Exception {
        Folder folder = Folder.local(disk);
        folder.writeText("target.txt", "old");
        Files.createSymbolicLink(disk.resolve("link.txt"), disk.resolve("target.txt"));

        folder.writeText("link.txt", "new");

        assertThat(folder.readText("target.txt")).isEqualTo("new");
        assertThat(disk.resolve("link.txt")).isSymbolicLink();
    }

    @Test
    void onlyAnEmptyFolderIsDeletedAsSuch() throws Exception {
        Folder folder = Folder.local(disk);
        folder.writeText("full/a.txt", "a");
        Files.createDirectory(disk.resolve("empty"));

        folder.store().deleteEmpty(folder.location("full"));
        folder.store().deleteEmpty(folder.location("empty"));
        folder.store().deleteEmpty(folder.location("none"));

        assertThat(folder.list()).extracting("name").containsExactly("full");
    }
}
