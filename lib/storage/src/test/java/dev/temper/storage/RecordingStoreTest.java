package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecordingStoreTest {
    @TempDir
    Path disk;

    private RecordingStore store;
    private Folder folder;

    @BeforeEach
    void open() {
        store = new RecordingStore(new LocalStore());
        folder = new Folder(store, disk.toString());
    }

    @Test
    void knowsTheSizesOfWhatWasWrittenLast() throws Exception {
        folder.writeText("a/b.txt", "grün");
        folder.writeText("c.txt", "long before");
        try (OutputStream out = folder.write("c.txt")) {
            out.write(1);
            out.write(new byte[] {1, 2, 3, 4}, 1, 2);
        }

        assertThat(store.written()).isEqualTo(Map.of(disk + "/a/b.txt", 5L, disk + "/c.txt", 3L));
        assertThat(folder.bytes("c.txt")).contains(3L);
    }

    @Test
    void forgetsWhatIsDeleted() throws Exception {
        folder.writeText("a/b.txt", "1");
        folder.writeText("a/c/d.txt", "1");
        folder.writeText("ab.txt", "1");

        folder.delete("a");

        assertThat(store.written()).isEqualTo(Map.of(disk + "/ab.txt", 1L));
    }

    @Test
    void deletesEmptyFoldersAsTheStoreBehindIt() throws Exception {
        Files.createDirectory(disk.resolve("empty"));

        store.deleteEmpty(folder.location("empty"));

        assertThat(disk.resolve("empty")).doesNotExist();
    }

    @Test
    void takesInWhatOthersWrote() throws Exception {
        store.add(Map.of(disk + "/a.txt", 7L, disk + "/b.txt", 8L));
        folder.writeText("a.txt", "1");

        assertThat(store.written()).isEqualTo(Map.of(disk + "/a.txt", 1L, disk + "/b.txt", 8L));
    }
}
