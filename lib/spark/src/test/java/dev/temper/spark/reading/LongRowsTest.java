package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.limit.LimitedCsv;
import dev.temper.spark.limit.LimitedJson;
import dev.temper.spark.limit.LimitedPages;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopCodecs;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of more than 100,000 characters in the columns that are read, in each kind of file. */
@Tag("spark")
final class LongRowsTest {
    private static final int MOST = 100_000;
    private static final String LONG = "more than 100,000 characters, the most of data.max_characters";

    private final SparkSession spark = LocalSpark.session();

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"x.csv", "x.tsv", "x.csv.gz", "x.jsonl", "x.jsonl.gz", "x.json", "x.parquet"})
    void aLongerRowIsRejectedByItsNumber(String name) throws IOException {
        write(
                name,
                new String[] {"a", "b", "unread".repeat(MOST)},
                new String[] {"c".repeat(MOST), "", "x"},
                new String[] {"é".repeat(MOST), "d", "x"},
                new String[] {"e", "f".repeat(3 * MOST), "x"},
                new String[] {"g".repeat(MOST - 1), "h", "x"},
                new String[] {"\uD83D\uDE00".repeat(MOST / 2), "i", "x"},
                new String[] {"j", "k", "x"});

        List<Row> rows = read(name);

        assertThat(rows).extracting(row -> row.getLong(3)).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L);
        assertThat(rows)
                .extracting(row -> row.getAs("_reason"))
                .containsExactly(
                        null, null, "too_many_characters", "too_many_characters", null, "too_many_characters", null);
        assertThat(rows.get(2).<String>getAs("_detail")).isEqualTo(LONG);
        assertThat(rows.get(1).getString(0)).isEqualTo("c".repeat(MOST));
        assertThat(rows.get(4).getString(0)).isEqualTo("g".repeat(MOST - 1));
        assertThat(rows.get(6).getString(0)).isEqualTo("j");
        assertThat(rows.get(6).getString(1)).isEqualTo("k");
    }

    @Test
    void linesAndQuotesInALongCellMoveNoOtherRow() throws IOException {
        String cell = "a \"quoted\" word, and\r\nmore\n".repeat(20_000);
        write("x.csv", new String[] {"a", "b", "x"}, new String[] {cell, "c", "x"}, new String[] {"d", "\"e\"", cell});

        List<Row> rows = read("x.csv");

        assertThat(rows).extracting(row -> row.getAs("_reason")).containsExactly(null, "too_many_characters", null);
        assertThat(rows.get(2).getString(1)).isEqualTo("\"e\"");
    }

    @Test
    void aQuoteThatIsNeverClosedIsNoLongRow() throws IOException {
        Files.writeString(
                folder.resolve("x.csv"), "prompt,completion,other\na,b,c\n\"a,b,c\n" + "d,e,f\n".repeat(20_000));
        assertMistake("x.csv", "a quote in the row that begins in line 3 is never closed");
    }

    @Test
    void aLongLineNeedsNoValueThatIsLong() throws IOException {
        StringBuilder members = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            members.append("\"name").append(i).append("\": [").append(i).append("], ");
        }
        Files.writeString(
                folder.resolve("x.jsonl"),
                "{" + members + "\"prompt\": \"a\\u00e9\\\"\", \"completion\": \"b\"}\n"
                        + " ".repeat(MOST) + "\n"
                        + "{\"prompt\": \"" + "x".repeat(MOST) + "\n"
                        + "[" + "1,".repeat(MOST) + "1]\n"
                        + "{\"prompt\": " + "9".repeat(MOST) + "}\n"
                        + "{\"prompt\": \"c\", \"completion\": \"d\"}");

        List<Row> rows = read("x.jsonl");

        assertThat(rows).extracting(row -> row.getLong(3)).containsExactly(1L, 3L, 4L, 5L, 6L);
        assertThat(rows)
                .extracting(row -> row.getAs("_reason"))
                .containsExactly(null, "malformed", "malformed", "malformed", null);
        assertThat(rows.get(0).getString(0)).isEqualTo("aé\"");
        assertThat(rows.get(4).getString(0)).isEqualTo("c");
    }

    @Test
    void nestedValuesAreCountedWhileTheyAreWritten() throws IOException {
        String message = "{\"role\": \"user\", \"content\": \"" + "x".repeat(1000) + "\"}";
        String many = String.join(",", Collections.nCopies(2000, message));
        Files.writeString(
                folder.resolve("x.jsonl"), "{\"m\": [" + message + "]}\n{\"m\": [" + many + "]}\n{\"m\": []}\n");
        Files.writeString(
                folder.resolve("x.json"), "[{\"m\": [" + message + "]}, {\"m\": [" + many + "]}, {\"m\": []}]");

        for (String name : List.of("x.jsonl", "x.json")) {
            List<Row> rows = read(name, new InputColumn("m", Content.JSON, true));
            assertThat(rows).extracting(row -> row.getAs("_reason")).containsExactly(null, "too_many_characters", null);
            assertThat(rows.get(2).getString(0)).isEqualTo("[]");
        }
    }

    @Test
    void aSmallPageOfManyLongTextsIsReadOneByOne() throws IOException {
        String text = "y".repeat(MOST + 1);
        try (ParquetTable.Writer writer = new ParquetTable(List.of(new Column("prompt", Kind.STRING)))
                .writer(Files.newOutputStream(folder.resolve("x.parquet")))) {
            for (int i = 0; i < 3000; i++) { // 300 MB
                writer.add(List.of(i == 7 ? "z" : text));
            }
        }
        assertThat(Files.size(folder.resolve("x.parquet"))).isLessThan(1 << 20);

        List<Row> rows = read("x.parquet", new InputColumn("prompt", Content.TEXT, true));

        assertThat(rows).hasSize(3000);
        assertThat(rows.get(7).getString(0)).isEqualTo("z");
        assertThat(rows)
                .filteredOn(row -> "too_many_characters".equals(row.getAs("_reason")))
                .hasSize(2999);
    }

    @Test
    void aPageIsNotDecompressedBeforeItsSizeIsKnownToBeSmall() {
        LimitedPages pages = new LimitedPages(HadoopCodecs.newFactory(0), "x.parquet");
        for (int size : new int[] {LimitedPages.MAX_BYTES + 1, Integer.MAX_VALUE, -1}) {
            assertThatThrownBy(() -> pages.getDecompressor(CompressionCodecName.SNAPPY)
                            .decompress(BytesInput.from(ByteBuffer.allocate(10)), size))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith("data: x.parquet has a page of ")
                    .hasMessageContaining(" bytes, of which at most 268,435,456 are read");
        }
    }

    @Test
    void noMoreOfACellIsHeldThanIsNeeded() throws IOException {
        LimitedCsv csv = new LimitedCsv(Repeated.of("a,\"", "x\"\"y", 30_000_000, "\",c\nd,e,f\n"), "x", ',', MOST);
        BitSet read = new BitSet();
        read.set(1);
        csv.readOnly(read);
        StringBuilder kept = new StringBuilder();
        csv.transferTo(new Appending(kept));
        assertThat(kept).hasSizeBetween(MOST, MOST + MOST).endsWith("\",c\nd,e,f\n");

        LimitedJson json = new LimitedJson(Repeated.of("{\"a\": \"", "x\\n\\u00e9\\\"", 30_000_000, "\"}"), MOST);
        StringBuilder text = new StringBuilder();
        json.transferTo(new Appending(text));
        assertThat(text).hasSizeBetween(MOST, 6 * MOST).endsWith("\"}");
    }

    @Test
    void whatIsShortIsLeftAsItIs() throws IOException {
        Random random = new Random(11);
        for (int i = 0; i < 500; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(40_000 / (1 + random.nextInt(400))); n > 0; n--) {
                text.append("ab\"\"\\u,{}[]: \n\r1".charAt(random.nextInt(16)));
            }
            assertThat(all(new LimitedJson(new StringReader(text.toString()), MOST)))
                    .isEqualTo(text.toString());
            LimitedCsv csv = new LimitedCsv(new StringReader(text.toString()), "x", ',', MOST);
            BitSet allColumns = new BitSet();
            allColumns.set(0, 100_000);
            csv.readOnly(allColumns);
            assertThat(all(csv)).isEqualTo(text.toString());
        }
    }

    @Test
    void tooManyCellsAreAMistake() throws IOException {
        Files.writeString(folder.resolve("x.csv"), "prompt,completion\n" + ",".repeat(200_000) + "\n");
        assertMistake("x.csv", "the row that begins in line 2 has more than 100000 cells: is data.delimiter right?");
        Files.writeString(folder.resolve("y.csv"), "prompt,completion".repeat(100_000) + "\na,b\n");
        assertMistake("y.csv", "its first line has more than 1048576 characters: is it a CSV?");
    }

    private static String all(Reader reader) throws IOException {
        StringBuilder text = new StringBuilder();
        reader.transferTo(new Appending(text));
        return text.toString();
    }

    /** {@code begin}, then {@code unit} so many times, then {@code end}. */
    private static final class Repeated extends Reader {
        private final String begin;
        private final String unit;
        private final long count;
        private final String end;
        private long at;

        private Repeated(String begin, String unit, long count, String end) {
            this.begin = begin;
            this.unit = unit;
            this.count = count;
            this.end = end;
        }

        static Reader of(String begin, String unit, long count, String end) {
            return new Repeated(begin, unit, count, end);
        }

        @Override
        public int read(char[] target, int offset, int length) {
            int read = 0;
            long inside = begin.length() + count * unit.length();
            while (read < length && at < inside + end.length()) {
                target[offset + read++] = at < begin.length()
                        ? begin.charAt((int) at)
                        : at < inside
                                ? unit.charAt((int) ((at - begin.length()) % unit.length()))
                                : end.charAt((int) (at - inside));
                at++;
            }
            return read == 0 ? -1 : read;
        }

        @Override
        public void close() {}
    }

    private static final class Appending extends java.io.Writer {
        private final StringBuilder target;

        Appending(StringBuilder target) {
            this.target = target;
        }

        @Override
        public void write(char[] characters, int offset, int length) {
            target.append(characters, offset, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private void assertMistake(String name, String message) {
        assertThatThrownBy(() -> read(name)).satisfies(failure -> assertThat(
                        ReadTable.mistake(failure).orElseThrow(() -> new AssertionError(failure)))
                .hasMessageContaining(message));
    }

    private List<Row> read(String name) throws IOException {
        return read(
                name, new InputColumn("prompt", Content.TEXT, true), new InputColumn("completion", Content.TEXT, true));
    }

    private List<Row> read(String name, InputColumn... columns) throws IOException {
        return TableRows.read(
                        spark,
                        folder.resolve(name).toString(),
                        new ReadTable(List.of(columns), "UTF-8", ",", true, MOST))
                .collectAsList()
                .stream()
                .sorted(java.util.Comparator.comparing(row -> row.<Long>getAs("_row_number")))
                .toList();
    }

    /** Rows of prompt, completion and a column that is not read. */
    private void write(String name, String[]... rows) throws IOException {
        if (name.endsWith("parquet")) {
            List<Column> columns = Stream.of("prompt", "completion", "other")
                    .map(column -> new Column(column, Kind.STRING))
                    .toList();
            try (ParquetTable.Writer writer =
                    new ParquetTable(columns).writer(Files.newOutputStream(folder.resolve(name)))) {
                for (String[] row : rows) {
                    writer.add(List.of(row));
                }
            }
            return;
        }
        boolean isJson = name.contains("json");
        String delimiter = name.contains("tsv") ? "\t" : ",";
        StringBuilder text = new StringBuilder(
                name.endsWith(".json") ? "[" : isJson ? "" : String.join(delimiter, "prompt", "completion", "other\n"));
        for (String[] row : rows) {
            text.append(isJson ? json(row) : csv(row, delimiter)).append(name.endsWith(".json") ? "," : "\n");
        }
        if (name.endsWith(".json")) {
            text.setCharAt(text.length() - 1, ']');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        try (OutputStream file = Files.newOutputStream(folder.resolve(name));
                OutputStream out = name.endsWith("gz") ? new GZIPOutputStream(file) : file) {
            out.write(bytes);
        }
    }

    private static String json(String[] row) {
        return "{\"other\": \"%s\", \"prompt\": \"%s\", \"completion\": \"%s\"}".formatted(row[2], row[0], row[1]);
    }

    private static String csv(String[] row, String delimiter) {
        return Stream.of(row)
                .map(cell -> '"' + cell.replace("\"", "\"\"") + '"')
                .reduce((a, b) -> a + delimiter + b)
                .orElseThrow();
    }
}
