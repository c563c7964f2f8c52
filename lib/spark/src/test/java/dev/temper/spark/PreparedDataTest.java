package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("spark")
final class PreparedDataTest {
    private static final long SEED = 42;

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @BeforeEach
    void writeTokenizer() throws IOException {
        LocalSpark.writeTokenizer(folder.resolve("tokenizer"), 1000);
        spark.sparkContext().hadoopConfiguration().set("fs.disk.impl", DiskFileSystem.class.getName());
    }

    @Test
    void rowsStandInOrderAndAreCounted() throws IOException {
        writeRows("x.csv", 0, 20, "w1,\n");
        PreparedData prepared = prepare(new Settings().rejecting(0.1), "out");
        assertThat(prepared.rows()).isEqualTo(new RowCounts(21, 20, 0, Map.of("null_value", 1L)));
        assertThat(prepared.rows()).hasToString("21 rows = 20 trained + 0 evaluated + 1 rejected (null_value 1)");
        assertThat(prepared.tokens()).isEqualTo(new PreparedData.Tokens(60, 40, 0, 0));
        assertThat(prepared.rejected()).hasSize(1);
        assertThat(prepared.rejected().get(0).rowNumber()).isEqualTo(21);
        List<PreparedRow> rows = read(prepared);
        assertThat(rows).extracting(row -> row.tokens().inputIds()[0]).containsExactlyElementsOf(range(0, 20));
        assertThat(rows.get(3).tokens().inputIds()).containsExactly(5, 6, LocalSpark.END);
        assertThat(rows.get(3).tokens().labels()).containsExactly(-100, 6, LocalSpark.END);
        assertThat(rows.get(3).split()).isEqualTo(Split.TRAIN);
    }

    @Test
    void theBytesDoNotDependOnThePartitions() throws IOException {
        writeRows("x.csv", 0, 50, "");
        Settings settings = new Settings().evaluating(0.3).limitedTo(30);
        Map<String, byte[]> first = files(prepare(settings, "one").folder());
        spark.conf().set("spark.sql.shuffle.partitions", "7");
        spark.conf().set("spark.sql.adaptive.enabled", "false");
        Map<String, byte[]> second = files(prepare(settings, "two").folder());
        spark.conf().set("spark.sql.shuffle.partitions", "3");
        spark.conf().set("spark.sql.adaptive.enabled", "true");
        assertThat(first.keySet()).containsExactly("MANIFEST.json", "part-00000.parquet");
        assertThat(second).usingRecursiveComparison().isEqualTo(first);
    }

    @Test
    void theSameDataIsPreparedOnce() throws IOException {
        writeRows("x.csv", 0, 10, "");
        PreparedData first = prepare(new Settings(), "out");
        PreparedData again = prepare(new Settings(), "out");
        assertThat(first.reused()).isFalse();
        assertThat(again.reused()).isTrue();
        assertThat(again.rows()).isEqualTo(first.rows());
        assertThat(again.folder().location())
                .isEqualTo(first.folder().location())
                .isEqualTo(folder + "/out/" + first.key());
        Files.write(Path.of(first.folder().location("part-00000.parquet")), new byte[] {0}, StandardOpenOption.APPEND);
        assertThat(prepare(new Settings(), "out").reused()).isFalse();
        writeRows("x.csv", 0, 11, "");
        assertThat(prepare(new Settings(), "out").key()).isNotEqualTo(first.key());
    }

    @Test
    void equalRowsNeverStandOnBothSidesAndNewRowsMoveNoOther() throws IOException {
        writeRows("x.csv", 0, 200, lines(0, 200));
        PreparedData prepared = prepare(new Settings().evaluating(0.2), "out");
        Set<Integer> train = firstTokens(prepared, Split.TRAIN);
        Set<Integer> eval = firstTokens(prepared, Split.EVAL);
        assertThat(train).doesNotContainAnyElementsOf(eval);
        assertThat(prepared.rows().evaluated()).isBetween(40L, 120L);
        writeRows("x.csv", 0, 400, "");
        PreparedData larger = prepare(new Settings().evaluating(0.2), "out");
        assertThat(firstTokens(larger, Split.EVAL)).containsAll(eval).doesNotContainAnyElementsOf(train);
    }

    @Test
    void aFractionGivesAtLeastOneRow() throws IOException {
        writeRows("x.csv", 0, 5, "");
        assertThat(prepare(new Settings().evaluating(1e-9), "out").rows()).isEqualTo(new RowCounts(5, 4, 1, Map.of()));
    }

    @Test
    void limitsTakeRowsBySeed() throws IOException {
        writeRows("x.csv", 0, 100, "");
        writeRows("y.csv", 500, 10, "");
        PreparedData prepared = prepare(new Settings().limitedTo(7).evaluatingFile("y.csv"), "out");
        assertThat(prepared.rows()).isEqualTo(new RowCounts(17, 7, 10, Map.of()));
        assertThat(prepared.leftOut()).isEqualTo(93);
        assertThat(firstTokens(prepared, Split.TRAIN)).isNotEqualTo(new HashSet<>(range(0, 7)));
    }

    @Test
    void tooManyRejectedRowsFailBeforeAnythingIsWritten() throws IOException {
        writeRows("x.csv", 0, 3, "w1,\nw2, \n");
        assertThatThrownBy(() -> prepare(new Settings(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("2 of 5 rows are rejected, more than data.max_rejected_fraction 0.0 allows")
                .hasMessageContaining("null_value 1 (row 4 of " + folder + "/x.csv: null in completion)")
                .hasMessageContaining("empty 1 (row 5 of");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aTooLongRowIsNamed() throws IOException {
        writeRows("x.csv", 0, 3, "w1, w2 w3 w4 w5\n");
        assertThatThrownBy(() -> prepare(new Settings().failing(4), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("row 4 of " + folder + "/x.csv has 6 tokens, at most 4");
    }

    @Test
    void aFolderWhoseHeadersDifferIsRefused() throws IOException {
        Files.createDirectories(folder.resolve("x.csv"));
        writeRows("x.csv/1.csv", 0, 3, "");
        Files.writeString(folder.resolve("x.csv/2.csv"), "completion,prompt\nw1,w2\n");
        assertThatThrownBy(() -> prepare(new Settings(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("x.csv/2.csv has another header than the first file of its folder");
    }

    @Test
    void theRejectedFractionHoldsForReusedDataToo() throws IOException {
        writeRows("x.csv", 0, 3, "w1,\n");
        PreparedData prepared = prepare(new Settings().rejecting(0.5), "out");
        assertThatThrownBy(() -> prepare(new Settings(), "out")).hasMessageContaining("1 of 4 rows are rejected");
        Folder rejected = HadoopStore.of(spark).folder(folder + "/rejected");
        RejectedRow.write(rejected, prepared.rejected());
        assertThat(spark.read().parquet(rejected.location()).columns())
                .containsExactly("row_id", "source", "reason", "detail");
    }

    @Test
    void aFileWithoutRowsIsRefused() throws IOException {
        writeRows("x.csv", 0, 0, "");
        assertThatThrownBy(() -> prepare(new Settings(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("x.csv has no rows");
    }

    @Test
    void everythingMayBeRemote() throws IOException {
        writeRows("x.csv", 0, 10, "");
        HadoopStore store = HadoopStore.of(spark);
        DataConfig data = new Settings().config("disk:" + folder + "/x.csv");
        PreparedData prepared = PreparedData.prepare(
                spark, data, SEED, "disk:" + folder + "/tokenizer", store.folder("disk:" + folder + "/out"));
        assertThat(read(prepared)).hasSize(10);
        assertThat(prepared.folder().location()).startsWith("disk:");
    }

    private PreparedData prepare(Settings settings, String out) throws IOException {
        return PreparedData.prepare(
                spark,
                settings.config(folder + "/x.csv"),
                SEED,
                folder + "/tokenizer",
                HadoopStore.of(spark).folder(folder + "/" + out));
    }

    private static List<PreparedRow> read(PreparedData prepared) throws IOException {
        List<PreparedRow> rows = new ArrayList<>();
        PreparedData.read(prepared.folder(), rows::add);
        return rows;
    }

    private static Set<Integer> firstTokens(PreparedData prepared, Split split) throws IOException {
        return read(prepared).stream()
                .filter(row -> row.split() == split)
                .map(row -> row.tokens().inputIds()[0])
                .collect(Collectors.toSet());
    }

    private static List<Integer> range(int first, int count) {
        return IntStream.range(first + 2, first + 2 + count).boxed().toList();
    }

    private static Map<String, byte[]> files(Folder folder) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(Path.of(folder.location()))) {
            for (Path path : paths.toList()) {
                files.put(path.getFileName().toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private void writeRows(String name, int first, int count, String more) throws IOException {
        Files.writeString(folder.resolve(name), "prompt,completion\n" + lines(first, count) + more);
    }

    private static String lines(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToObj(i -> "w" + i + ", w" + (i + 1) + "\n")
                .collect(Collectors.joining());
    }

    /** The settings that these tests vary. */
    private final class Settings {
        private double evalFraction;
        private double maxRejectedFraction;
        private Optional<String> eval = Optional.empty();
        private OptionalLong maxTrainRows = OptionalLong.empty();
        private int maxLength = 16;
        private TooLong tooLong = TooLong.TRUNCATE;

        Settings evaluating(double fraction) {
            evalFraction = fraction;
            return this;
        }

        Settings evaluatingFile(String name) {
            eval = Optional.of(folder + "/" + name);
            return this;
        }

        Settings rejecting(double fraction) {
            maxRejectedFraction = fraction;
            return this;
        }

        Settings limitedTo(long rows) {
            maxTrainRows = OptionalLong.of(rows);
            return this;
        }

        Settings failing(int length) {
            tooLong = TooLong.FAIL;
            maxLength = length;
            return this;
        }

        DataConfig config(String train) {
            return new DataConfig(
                    List.of(Source.of(train)),
                    eval,
                    evalFraction,
                    Format.PROMPT_COMPLETION,
                    Map.of("prompt", List.of("prompt"), "completion", List.of("completion")),
                    "\n",
                    "none",
                    TrainOn.COMPLETION,
                    maxLength,
                    tooLong,
                    Packing.NONE,
                    maxRejectedFraction,
                    maxTrainRows,
                    OptionalLong.empty(),
                    "UTF-8",
                    ",",
                    true,
                    Optional.empty());
        }
    }
}
