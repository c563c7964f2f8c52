package dev.temper.train.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MappedRowsTest {
    @TempDir
    private Path folder;

    private static List<TokenRow> rows(int count) {
        Random random = new Random(5);
        List<TokenRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = random.ints(random.nextInt(40), 0, 1 << 30).toArray();
            boolean[] trained = new boolean[ids.length];
            for (int j = 1; j < ids.length; j++) {
                trained[j] = i % 5 != 0 && random.nextBoolean();
            }
            rows.add(new TokenRow(ids, trained, random.nextInt(ids.length + 1)));
        }
        return rows;
    }

    private MappedRows mapped(List<TokenRow> rows) throws Exception {
        try (MappedRows.Writer writer = new MappedRows.Writer(folder.resolve("new/local"), 0)) {
            for (int i = 0; i < rows.size(); i++) {
                writer.add(rows.get(i), i % 3 - 1);
            }
            return writer.finish();
        }
    }

    @Test
    void rowsComeBackAsTheyWereAdded() throws Exception {
        List<TokenRow> rows = rows(20_000); // several buffers
        try (MappedRows mapped = mapped(rows)) {
            assertThat(mapped).hasSize(rows.size());
            for (int i : new Random(1).ints(50_000, 0, rows.size()).toArray()) {
                assertThat(mapped.get(i).inputIds()).isEqualTo(rows.get(i).inputIds());
                assertThat(mapped.get(i).trained()).isEqualTo(rows.get(i).trained());
                assertThat(mapped.get(i).second()).isEqualTo(rows.get(i).second());
                assertThat(mapped.label(i)).containsExactly(i % 3 - 1);
            }
        }
    }

    @Test
    void labelsHaveAsManyWordsInEachRow() throws Exception {
        List<TokenRow> rows = rows(100);
        try (MappedRows.Writer writer = new MappedRows.Writer(folder, 0)) {
            for (int i = 0; i < rows.size(); i++) {
                writer.add(rows.get(i), i, -i, Integer.MIN_VALUE + i);
            }
            assertThatThrownBy(() -> writer.add(rows.get(0), 1)).hasMessageContaining("1 words among others of 3");
            assertThatThrownBy(() -> writer.add(new TokenRow(new int[] {1 << 30}, new boolean[1]), 1, 2, 3))
                    .hasMessageContaining("more than 30 bits");
            try (MappedRows mapped = writer.finish()) {
                for (int i = 0; i < rows.size(); i++) {
                    assertThat(mapped.label(i)).containsExactly(i, -i, Integer.MIN_VALUE + i);
                    assertThat(mapped.get(i).inputIds()).isEqualTo(rows.get(i).inputIds());
                }
            }
        }
    }

    @Test
    void theFilesAreAsLargeAsPlannedAndHaveNoName() throws Exception {
        List<TokenRow> rows = rows(3000);
        long tokens = rows.stream().mapToInt(TokenRow::length).sum();
        try (MappedRows mapped = mapped(rows)) {
            assertThat(mapped.bytes()).isEqualTo(MappedRows.bytes(3000, tokens)).isEqualTo(12 * 3000 + 4 * tokens);
            assertThat(folder.resolve("new/local").toFile().list()).isEmpty();
            assertThat(ofThisProcess()).hasSize(2).allMatch(line -> line.endsWith(" (deleted)"));
        }
        assertThat(open()).isEmpty();
    }

    /** What of the process's memory is mapped to files of the folder. */
    private List<String> ofThisProcess() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains(folder.toString()))
                .toList();
    }

    private List<String> open() throws Exception {
        List<String> names = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.filter(Files::isSymbolicLink).toList()) {
                names.add(Files.readSymbolicLink(descriptor).toString());
            }
        }
        names.removeIf(name -> !name.contains(folder.toString()));
        return names;
    }

    @Test
    void aWriterThatIsGivenUpLeavesNothing() throws Exception {
        try (MappedRows.Writer writer = new MappedRows.Writer(folder, 0)) {
            writer.add(rows(2).get(1));
        }
        assertThat(folder.toFile().list()).isEmpty();
        assertThat(open()).isEmpty();
    }

    @Test
    void withoutRowsThereIsNothingToMap() throws Exception {
        try (MappedRows mapped = mapped(List.of())) {
            assertThat(mapped).isEmpty();
            assertThat(mapped.bytes()).isZero();
        }
    }

    @Test
    void aFolderWithoutRoomIsNamed() throws Exception {
        assertThatThrownBy(() -> new MappedRows.Writer(folder, Long.MAX_VALUE / 2))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("cluster.local_dir: " + folder + " has ")
                .hasMessageEndingWith(" bytes free, and the prepared rows of a worker take 4,611,686,018,427,387,903;"
                        + " name a folder with room for them");
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> new MappedRows.Writer(file, 0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(
                        "cluster.local_dir: the prepared rows cannot be kept in a file of " + file + ": ")
                .hasMessageEndingWith("; name a folder with room for them");
    }

    /** What is trained on is the same, wherever the rows lie. */
    @Test
    void sequencesAreThoseOfRowsOnTheHeap() throws Exception {
        List<TokenRow> rows = rows(400).stream().filter(row -> row.length() > 1).toList();
        try (MappedRows mapped = mapped(rows)) {
            for (Packing packing : Packing.values()) {
                CausalRows held = CausalRows.packed(rows, rows.subList(0, 9), packing, 64);
                CausalRows lazy = CausalRows.packed(mapped, mapped.subList(0, 9), packing, 64);
                assertThat(lazy.lengths()).isEqualTo(held.lengths()).isNotEmpty();
                assertThat(lazy.train()).usingRecursiveComparison().isEqualTo(held.train());
                assertThat(lazy.eval()).usingRecursiveComparison().isEqualTo(held.eval());
            }
        }
    }
}
