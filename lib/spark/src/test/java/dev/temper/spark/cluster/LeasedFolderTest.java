package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.HadoopStoreTest;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing is written where a folder is no longer the one that was begun, on an executor either. */
final class LeasedFolderTest {
    @TempDir
    Path disk;

    private final HadoopStore store = new HadoopStore(HadoopStoreTest.remoteDisk());
    private Path output;
    private Lease lease;
    private LeasedFolder begun; // as it arrives on an executor

    @BeforeEach
    void begin() throws Exception {
        output = disk.resolve("output");
        lease = Lease.take(store.folder(output.toString()), text -> {});
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new LeasedFolder(store, "output", lease.claim()));
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            begun = (LeasedFolder) in.readObject();
        }
    }

    @AfterEach
    void end() throws Exception {
        lease.close();
    }

    @Test
    void whatIsThereIsWrittenTo() throws Exception {
        begun.checkSeen();
        begun.folder().writeText("a.txt", "1");
        begun.folder().writeText("b/c.txt", "1");
        begun.folder().delete("b");

        lease.close();

        assertThat(output).isDirectoryContaining("glob:**/a.txt").isDirectoryNotContaining("glob:**/{b,lease-}*");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsMadeAnewWhereItWas(boolean anotherIsInItsPlace) throws Exception {
        Files.move(output, disk.resolve("moved"));
        if (anotherIsInItsPlace) {
            Files.createDirectories(output);
            Files.writeString(output.resolve("a.txt"), "somebody else's");
        }

        Folder folder = begun.folder();
        String lost =
                output + " is no longer the folder that was begun: it was moved or emptied, or its mount has gone;"
                        + " nothing more is written there: bring it back and run the same command again";
        assertThatThrownBy(() -> folder.writeText("a.txt", "1"))
                .isInstanceOf(FailedRunException.class)
                .hasMessage(lost);
        assertThatThrownBy(() -> folder.writeText("model/x.txt", "1")).hasMessage(lost);
        assertThatThrownBy(() -> folder.delete("a.txt")).hasMessage(lost);
        assertThatThrownBy(lease::checkHeld).hasMessage(lost);
        lease.close();
        if (anotherIsInItsPlace) {
            assertThat(output.resolve("a.txt")).hasContent("somebody else's");
        } else {
            assertThat(output).doesNotExist();
        }
    }

    @Test
    void answersOfAnotherMachineAreNoFilesOfTheOutput() {
        String answer = Lease.answer(lease.claim(), "pod/7 é");

        assertThat(answer).isEqualTo(lease.claim() + ".seen-pod_7__");
        assertThat(Lease.isPart(answer.substring(answer.lastIndexOf('/') + 1))).isTrue();
    }
}
