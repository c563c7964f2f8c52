package dev.temper.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.spark.DiskFileSystem;
import dev.temper.storage.Folder;
import dev.temper.storage.NewFolders;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

public final class HadoopStoreTest {
    @TempDir
    Path disk;

    private final HadoopStore store = new HadoopStore(remoteDisk());

    @Test
    void localFilesAreSeenAndLeaveNoChecksums() throws Exception {
        Folder folder = store.folder(disk.toString());
        folder.writeText("a/b c.txt", "1");
        assertThat(Files.readString(disk.resolve("a/b c.txt"))).isEqualTo("1");
        assertThat(folder.child("a").list()).extracting("name").containsExactly("b c.txt");
        assertThat(store.localPath("file://" + disk)).contains(disk);
        assertThat(store.folder("some/where").location()).startsWith("/").endsWith("/some/where");
        assertThatThrownBy(() -> folder.readText("none")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void remoteFilesGoThroughHadoop() throws Exception {
        Folder folder = store.folder("disk:" + disk + "/x");
        assertThat(folder.store().localPath(folder.location())).isEmpty();
        assertThat(folder.list()).isEmpty();
        folder.writeText("b/1.txt", "one");
        folder.writeText("a.txt", "two");
        assertThat(folder.list()).extracting("name").containsExactly("a.txt", "b");
        assertThat(folder.bytes("a.txt")).contains(3L);
        assertThat(folder.bytes("b")).isEmpty();
        assertThat(folder.readText("b/1.txt")).isEqualTo("one");
        assertThatThrownBy(() -> folder.readText("none")).isInstanceOf(FileNotFoundException.class);
        folder.delete("b");
        folder.delete("none");
        assertThat(folder.has("b")).isFalse();
    }

    @Test
    void foldersThatWereMadeGoUpToTheFirstThatWasThereOrHoldsSomething() throws Exception {
        for (String scheme : List.of("disk:", "file:", "file://", "")) {
            Folder folder = store.folder(scheme + disk + "/a/b/c");
            NewFolders made = NewFolders.of(folder);
            folder.writeText("d/1.txt", "one");
            made.deleteEmpty();
            assertThat(disk.resolve("a/b/c/d")).isDirectory();
            folder.delete("d");
            store.folder(scheme + disk + "/a").writeText("2.txt", "two");

            made.deleteEmpty();

            assertThat(disk.resolve("a/b")).as(scheme).doesNotExist();
            store.folder(scheme + disk + "/a").delete("2.txt");
            made.deleteEmpty();
            assertThat(disk).as(scheme).isEmptyDirectory();
        }
        assertThat(NewFolders.of(store.folder("disk:/")).missing()).isEmpty();
    }

    @Test
    void travelsWithItsConfiguration() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(store);
        }
        HadoopStore arrived;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            arrived = (HadoopStore) in.readObject();
        }
        arrived.folder("disk:" + disk).writeText("a.txt", "1");
        try (Stream<Path> files = Files.list(disk)) {
            assertThat(files).extracting(Path::getFileName).contains(Path.of("a.txt"));
        }
    }

    /** A file system that is not this machine's disk as far as the store knows. */
    public static Configuration remoteDisk() {
        Configuration configuration = new Configuration();
        configuration.set("fs.disk.impl", DiskFileSystem.class.getName());
        return configuration;
    }
}
