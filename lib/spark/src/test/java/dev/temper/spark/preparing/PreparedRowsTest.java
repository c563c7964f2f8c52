package dev.temper.spark.preparing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.DataSettings;
import dev.temper.spark.FailOnce;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Hashes;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TooLong;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hundred thousand rows, some of them repeated, empty or too long. */
@Tag("spark")
final class PreparedRowsTest {
    private static final int ROWS = 100_000;
    private static final int FILES = 5;
    private static final int LENGTH = 12;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void writeRows() throws IOException {
        LocalSpark.writeTokenizer(folder.resolve("tokenizer"), 1000);
        Files.createDirectories(folder.resolve("data"));
        for (int file = 0; file < FILES; file++) {
            try (BufferedWriter out = Files.newBufferedWriter(folder.resolve("data/" + file + ".csv"))) {
                out.write("prompt,completion\n");
                for (int i = file; i < ROWS; i += FILES) {
                    out.write(line(i));
                }
            }
        }
    }

    @AfterAll
    static void endSession() {
        LocalSpark.session().stop(); // the next class begins one with the cores it wants
    }

    @Test
    void everyRowIsAccountedForAndTheBytesAreTheSameOnAnyNumberOfCores() throws IOException {
        DataConfig data = settings(TooLong.TRUNCATE).config();
        PreparedData one = prepare("local[1]", data, "one", List.of());
        long empty = count(PreparedRowsTest::isEmpty);
        assertThat(one.rows().in()).isEqualTo(ROWS);
        assertThat(one.rows().rejected()).isEqualTo(Map.of("null_value", empty));
        assertThat(one.rows().trained() + one.rows().evaluated()).isEqualTo(ROWS - empty);
        assertThat(one.rows().evaluated()).isBetween(ROWS / 25L, ROWS / 15L);
        // Only where TokenizeText tells the full length.
        assertThat(one.cut()).isEqualTo(count(i -> !isEmpty(i) && isLong(i)));
        assertThat(one.lengths().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(ROWS - empty);
        assertThat(one.rejected()).hasSize(100);
        Map<String, String> files = files(one);
        assertThat(files.keySet())
                .containsExactly(
                        "MANIFEST.json",
                        "part-00000.parquet",
                        "part-00001.parquet",
                        "part-00002.parquet",
                        "part-00003.parquet",
                        "part-00004.parquet",
                        "rejected-00000.parquet",
                        "rejected-00001.parquet",
                        "rejected-00002.parquet",
                        "rejected-00003.parquet",
                        "rejected-00004.parquet");
        assertRows(one);

        assertThat(files(prepare("local[2]", data, "two", List.of()))).isEqualTo(files);
        assertThat(files(prepare("local[8,4]", data, "killed", List.of(new FailOnce()))))
                .as("eight cores, with tasks that break off")
                .isEqualTo(files);
    }

    @Test
    void everyRowIsAccountedForWhenLongOnesAreDroppedOrRefused() throws IOException {
        PreparedData dropped = prepare("local[2]", settings(TooLong.DROP).config(), "dropped", List.of());
        long empty = count(PreparedRowsTest::isEmpty);
        long tooLong = count(i -> !isEmpty(i) && isLong(i));
        assertThat(dropped.rows().in()).isEqualTo(ROWS);
        assertThat(dropped.rows().rejected()).isEqualTo(Map.of("null_value", empty, "too_long", tooLong));
        assertThat(dropped.rows().trained() + dropped.rows().evaluated()).isEqualTo(ROWS - empty - tooLong);
        DataConfig failing = settings(TooLong.FAIL).config();
        assertThatThrownBy(() -> prepare("local[2]", failing, "failed", List.of()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("tokens, at most " + LENGTH + ": raise data.max_length");
        assertThat(folder.resolve("failed")).doesNotExist();
    }

    private static DataSettings settings(TooLong policy) {
        return new DataSettings()
                .training(folder.resolve("data"))
                .evaluating(0.05)
                .rejecting(0.5)
                .longerThan(LENGTH, policy);
    }

    private static PreparedData prepare(String master, DataConfig data, String out, List<Transformer> first)
            throws IOException {
        LocalSpark.session().stop();
        SparkSession spark = LocalSpark.session(master);
        HadoopStore store = HadoopStore.of(spark);
        Preparation preparation =
                PlainText.preparation(store, data, folder.resolve("tokenizer").toString());
        List<Transformer> stages = new ArrayList<>(first);
        stages.addAll(preparation.stages());
        return PreparedData.prepare(
                spark,
                data,
                42,
                new Preparation(preparation.columns(), stages, preparation.settings()),
                store.folder(folder.resolve(out).toString()));
    }

    /** In order of source and row number, each with an id of its own, and equal rows in one split. */
    private static void assertRows(PreparedData prepared) throws IOException {
        Map<String, Split> ids = new HashMap<>();
        Map<List<Integer>, Split> contents = new HashMap<>();
        List<Integer> firsts = new ArrayList<>();
        PreparedData.read(prepared.folder(), row -> {
            assertThat(ids.put(row.rowId(), row.split())).isNull();
            List<Integer> tokens = IntStream.of(row.tokens().inputIds()).boxed().toList();
            assertThat(contents.computeIfAbsent(tokens, absent -> row.split())).isEqualTo(row.split());
            firsts.add(tokens.get(0));
        });
        List<Integer> expected = new ArrayList<>();
        for (int file = 0; file < FILES; file++) {
            for (int i = file; i < ROWS; i += FILES) {
                if (!isEmpty(i)) {
                    expected.add(content(i) % 1000 + 2);
                }
            }
        }
        assertThat(firsts).isEqualTo(expected);
        assertThat(contents).hasSizeLessThan(ids.size());
    }

    private static Map<String, String> files(PreparedData prepared) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(Path.of(prepared.folder().location()))) {
            for (Path path : paths.toList()) {
                files.put(
                        path.getFileName().toString(),
                        Hashes.hex(Hashes.sha256().digest(Files.readAllBytes(path))));
            }
        }
        return files;
    }

    private static String line(int i) {
        int content = content(i);
        String words = " w" + (content / 1000) + " w7".repeat(isLong(i) ? 20 : 3);
        return "w%d,%s\n".formatted(content % 1000, isEmpty(i) ? "" : words);
    }

    /** Each tenth row says what an earlier one said. */
    private static int content(int i) {
        return i % 10 == 9 ? i / 20 * 10 : i;
    }

    private static boolean isEmpty(int i) {
        return i % 97 == 13;
    }

    private static boolean isLong(int i) {
        return content(i) % 50 == 30;
    }

    private static long count(IntPredicate rows) {
        return IntStream.range(0, ROWS).filter(rows).count();
    }
}
