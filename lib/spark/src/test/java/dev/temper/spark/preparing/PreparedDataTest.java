package dev.temper.spark.preparing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.DataSettings;
import dev.temper.spark.DiskFileSystem;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.source.FileChoice;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TooLong;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
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
        PreparedData prepared = prepare(new DataSettings().rejecting(0.1), "out");
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
    void rowsThatAreTooLongAreCountedAsOtherRejectedRows() throws IOException {
        String longer = "w1 ".repeat(100);
        writeRows("x.csv", 0, 20, longer + ",w2\n" + longer + ",w3\nw4,w5\n");
        assertThatThrownBy(() -> prepare(new DataSettings().withCharacters(50), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data: 2 of 23 rows are rejected, more than data.max_rejected_fraction 0.0 allows:"
                        + " too_many_characters 2 (row 21 of " + folder
                        + "/x.csv: more than 50 characters, the most of data.max_characters)");
        PreparedData prepared = prepare(new DataSettings().withCharacters(50).rejecting(0.2), "out");
        assertThat(prepared.rows())
                .hasToString("23 rows = 21 trained + 0 evaluated + 2 rejected (too_many_characters 2)");
        assertThat(prepared.rejected()).extracting(RejectedRow::rowNumber).contains(21L);
        prepared.copyRejected(HadoopStore.of(spark).folder(folder + "/rejected"));
        assertThat(spark.read()
                        .parquet(folder + "/rejected")
                        .select("reason")
                        .distinct()
                        .as(org.apache.spark.sql.Encoders.STRING())
                        .collectAsList())
                .containsExactly("too_many_characters");
    }

    @Test
    void theBytesDoNotDependOnThePartitions() throws IOException {
        writeRows("x.csv", 0, 50, "");
        DataConfig settings = new DataSettings()
                .training(folder + "/x.csv")
                .evaluating(0.3)
                .limitedTo(30)
                .config();
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
        PreparedData first = prepare(new DataSettings(), "out");
        PreparedData again = prepare(new DataSettings(), "out");
        assertThat(first.reused()).isFalse();
        assertThat(again.reused()).isTrue();
        assertThat(again.rows()).isEqualTo(first.rows());
        assertThat(again.folder().location())
                .isEqualTo(first.folder().location())
                .isEqualTo(folder + "/out/" + first.key());
        Files.write(Path.of(first.folder().location("part-00000.parquet")), new byte[] {0}, StandardOpenOption.APPEND);
        assertThat(prepare(new DataSettings(), "out").reused()).isFalse();
        writeRows("x.csv", 0, 11, "");
        assertThat(prepare(new DataSettings(), "out").key()).isNotEqualTo(first.key());
    }

    @Test
    void equalRowsNeverStandOnBothSidesAndNewRowsMoveNoOther() throws IOException {
        writeRows("x.csv", 0, 200, lines(0, 200));
        PreparedData prepared = prepare(new DataSettings().evaluating(0.2), "out");
        Set<Integer> train = firstTokens(prepared, Split.TRAIN);
        Set<Integer> eval = firstTokens(prepared, Split.EVAL);
        assertThat(train).doesNotContainAnyElementsOf(eval);
        assertThat(prepared.rows().evaluated()).isBetween(40L, 120L);
        writeRows("x.csv", 0, 400, "");
        PreparedData larger = prepare(new DataSettings().evaluating(0.2), "out");
        assertThat(firstTokens(larger, Split.EVAL)).containsAll(eval).doesNotContainAnyElementsOf(train);
    }

    @Test
    void aFractionGivesAtLeastOneRow() throws IOException {
        writeRows("x.csv", 0, 5, "");
        assertThat(prepare(new DataSettings().evaluating(1e-9), "out").rows())
                .isEqualTo(new RowCounts(5, 4, 1, Map.of()));
    }

    @Test
    void limitsTakeRowsBySeed() throws IOException {
        writeRows("x.csv", 0, 100, "");
        writeRows("y.csv", 500, 10, "");
        PreparedData prepared = prepare(new DataSettings().limitedTo(7).evaluatingFile(folder + "/y.csv"), "out");
        assertThat(prepared.rows()).isEqualTo(new RowCounts(17, 7, 10, Map.of()));
        assertThat(prepared.leftOut()).isEqualTo(93);
        assertThat(firstTokens(prepared, Split.TRAIN)).isNotEqualTo(new HashSet<>(range(0, 7)));
    }

    @Test
    void valuesMayBeBalanced() throws IOException {
        StringBuilder csv = new StringBuilder("prompt,completion,kind\n");
        for (int i = 0; i < 300; i++) {
            csv.append("w%d, w%d,%s\n".formatted(i, i, i < 250 ? "common" : "rare"));
        }
        Files.writeString(folder.resolve("x.csv"), csv);
        PreparedData prepared = prepare(new DataSettings().limitedTo(61).balancedBy("kind"), "out");
        assertThat(prepared.rows().trained()).isEqualTo(60);
        assertThat(firstTokens(prepared, Split.TRAIN))
                .filteredOn(token -> token < 252)
                .hasSize(30);
        DataSettings both =
                new DataSettings().limitedTo(40).evaluatingAtMost(10).evaluating(0.5);
        assertThat(prepare(both.balancedBy("kind"), "out").rows()).isEqualTo(new RowCounts(50, 40, 10, Map.of()));
        assertThatThrownBy(() -> prepare(new DataSettings().limitedTo(9).balancedBy("prompt"), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("data.balance_by: the column has 300 values, more than the rows wanted");
    }

    @Test
    void weightsTakeAShare() throws IOException {
        writeRows("x.csv", 0, 100, "");
        writeRows("y.csv", 200, 400, "");
        PreparedData prepared = prepare(new DataSettings().training(folder + "/y.csv", 0.25), "out");
        assertThat(prepared.rows().trained() - 100).isBetween(60L, 140L);
        assertThat(prepared.leftOut()).isEqualTo(500 - prepared.rows().in());
        assertThat(firstTokens(prepared, Split.TRAIN)).containsAll(range(0, 100));
    }

    @Test
    void theRowToEvaluateIsTheNextWhenTheFirstIsRejected() throws IOException {
        writeRows("x.csv", 0, 0, "w1,\n".repeat(20) + "w2,\nw3,\nw4,\nw5, w5\nw6, w6\nw7, w7\nw7, w7\n");
        RowCounts rows =
                prepare(new DataSettings().evaluating(1e-9).rejecting(1), "out").rows();
        assertThat(rows.rejectedRows()).isEqualTo(23);
        assertThat(rows.evaluated()).isBetween(1L, 2L);
        assertThat(rows.in()).isEqualTo(27);
    }

    @Test
    void aChangeIsNoticedThatKeepsSizeAndTime() throws IOException {
        writeRows("x.csv", 0, 5, "w1, w2\n");
        FileTime time = Files.getLastModifiedTime(folder.resolve("x.csv"));
        PreparedData first = prepare(new DataSettings(), "out");
        writeRows("x.csv", 0, 5, "w1, w3\n");
        Files.setLastModifiedTime(folder.resolve("x.csv"), time);
        assertThat(prepare(new DataSettings(), "out").key()).isNotEqualTo(first.key());
    }

    @Test
    void onlyTheSplitForTrainingIsReadAndSaysSo() throws IOException {
        Files.createDirectories(folder.resolve("set/data"));
        writeRows("set/data/train-00000-of-00002.csv", 0, 10, "");
        writeRows("set/data/train-00001-of-00002.csv", 10, 10, "");
        writeRows("set/data/test-00000-of-00001.csv", 50, 5, "");
        Files.writeString(folder.resolve("set/dataset_infos.json"), "{}");
        DataSettings settings = new DataSettings().training(folder + "/set").evaluatingFile(folder + "/set");
        PreparedData prepared = prepare(settings.config(), "out");
        assertThat(prepared.rows()).isEqualTo(new RowCounts(25, 20, 5, Map.of()));
        assertThat(prepared.files())
                .isEqualTo(new FileChoice(
                        List.of(
                                folder + "/set/data/train-00000-of-00002.csv",
                                folder + "/set/data/train-00001-of-00002.csv"),
                        List.of(folder + "/set/data/test-00000-of-00001.csv"),
                        List.of()));
    }

    @Test
    void tooManyRejectedRowsFailBeforeAnythingIsWritten() throws IOException {
        writeRows("x.csv", 0, 3, "w1,\nw2, \n");
        assertThatThrownBy(() -> prepare(new DataSettings(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("2 of 5 rows are rejected, more than data.max_rejected_fraction 0.0 allows")
                .hasMessageContaining("null_value 1 (row 4 of " + folder + "/x.csv: null in completion)")
                .hasMessageContaining("empty 1 (row 5 of");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aTooLongRowIsNamed() throws IOException {
        writeRows("x.csv", 0, 3, "w1, w2 w3 w4 w5\n");
        assertThatThrownBy(() -> prepare(new DataSettings().longerThan(4, TooLong.FAIL), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("row 4 of " + folder + "/x.csv has 6 tokens, at most 4");
    }

    @Test
    void theOrderOfColumnsMayDifferFromFileToFile() throws IOException {
        Files.createDirectories(folder.resolve("x.csv"));
        writeRows("x.csv/1.csv", 0, 3, "");
        Files.writeString(folder.resolve("x.csv/2.csv"), "completion,,prompt\n w2,,w1\n");
        assertThat(prepare(new DataSettings(), "out").rows()).isEqualTo(new RowCounts(4, 4, 0, Map.of()));
    }

    @Test
    void aColumnThatIsInNoRowOfAJsonFileIsNamed() throws IOException {
        Files.createDirectories(folder.resolve("set"));
        Files.writeString(folder.resolve("set/1.jsonl"), "{\"prompt\": \"w1\", \"completion\": \" w2\"}\n{}\n");
        DataSettings settings = new DataSettings().training(folder + "/set").rejecting(0.5);
        assertThat(prepare(settings.config(), "out").rows())
                .isEqualTo(new RowCounts(2, 1, 0, Map.of("null_value", 1L)));
        Files.writeString(folder.resolve("set/2.jsonl"), "{\"prompt\": \"w1\", \"answer\": \" w2\"}\n");
        assertThatThrownBy(() -> prepare(settings.config(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data: %s/set/2.jsonl has no column completion; it has prompt, answer".formatted(folder));
    }

    @Test
    void theRejectedFractionHoldsForReusedDataToo() throws IOException {
        writeRows("x.csv", 0, 3, "w1,\n");
        PreparedData prepared = prepare(new DataSettings().rejecting(0.5), "out");
        assertThatThrownBy(() -> prepare(new DataSettings(), "out")).hasMessageContaining("1 of 4 rows are rejected");
        Folder rejected = HadoopStore.of(spark).folder(folder + "/rejected");
        prepared.copyRejected(rejected);
        assertThat(spark.read().parquet(rejected.location()).count()).isEqualTo(1);
        assertThat(spark.read().parquet(rejected.location()).columns())
                .containsExactly("row_id", "source", "reason", "detail");
    }

    @Test
    void aFileWithoutRowsIsRefused() throws IOException {
        writeRows("x.csv", 0, 0, "");
        assertThatThrownBy(() -> prepare(new DataSettings(), "out"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("x.csv has no rows");
    }

    @Test
    void everythingMayBeRemote() throws IOException {
        writeRows("x.csv", 0, 10, "");
        DataConfig data =
                new DataSettings().training("disk:" + folder + "/x.csv").config();
        PreparedData prepared = prepare(data, "disk:" + folder + "/tokenizer", "disk:" + folder + "/out");
        assertThat(read(prepared)).hasSize(10);
        assertThat(prepared.folder().location()).startsWith("disk:");
    }

    @Test
    void whoPreparesTheSameAtOnceWaitsForTheOther() throws Exception {
        writeRows("x.csv", 0, 30, "w1,\n");
        String file = folder + "/x.csv";
        DataConfig tolerant = new DataSettings().training(file).rejecting(0.5).config();
        DataConfig strict = new DataSettings().training(file).config(); // the same rows, and too many are rejected
        List<CompletableFuture<PreparedData>> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return prepare(tolerant, "shared");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        }
        CompletableFuture<PreparedData> refused = CompletableFuture.supplyAsync(() -> {
            try {
                return prepare(strict, "shared");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });

        assertThatThrownBy(refused::join).hasMessageContaining("1 of 31 rows are rejected");
        PreparedData one = both.get(0).join();
        PreparedData other = both.get(1).join();
        assertThat(one.folder().location()).isEqualTo(other.folder().location());
        assertThat(one.rows()).isEqualTo(other.rows());
        assertThat(List.of(read(one), read(other))).allMatch(rows -> rows.size() == 30);
        assertThat(one.folder().list()).extracting(Store.Entry::name).noneMatch(name -> name.startsWith("lease"));
    }

    private PreparedData prepare(DataSettings settings, String out) throws IOException {
        return prepare(settings.training(folder + "/x.csv").config(), out);
    }

    private PreparedData prepare(DataConfig data, String out) throws IOException {
        return prepare(data, folder + "/tokenizer", folder + "/" + out);
    }

    private PreparedData prepare(DataConfig data, String tokenizer, String out) throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        return PreparedData.prepare(
                spark, data, SEED, PlainText.preparation(store, data, tokenizer), store.folder(out));
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
}
