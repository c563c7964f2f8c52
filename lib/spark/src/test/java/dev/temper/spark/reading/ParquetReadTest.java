package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.LocalSpark;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Parquet as pandas, polars, DuckDB and others write it; lib/bench/clients/read_files.py has them write it themselves.
 */
@Tag("spark")
final class ParquetReadTest {
    private static final String NESTED =
            """
            optional group m (LIST) { repeated group list { optional group element {
              optional binary role (STRING); optional int32 nothing; optional double score; optional boolean ok;
              optional int64 at (TIMESTAMP(NANOS,false)); optional int64 utc (TIMESTAMP(MILLIS,true));
              optional int32 day (DATE); optional int32 time (TIME(MILLIS,true)); optional int96 old;
              optional fixed_len_byte_array(2) half (DECIMAL(4,2)); optional int32 tiny (INTEGER(8,false));
              optional binary bytes; optional fixed_len_byte_array(16) id (UUID);
              optional group old_list (LIST) { repeated binary array (STRING); }
              optional group pairs (LIST) { repeated group pairs_tuple { optional int32 x; } }
              optional group map (MAP) { repeated group key_value {
                required binary key (STRING); optional int64 value; } }
            } } }
            """;

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void aColumnThatNobodyAsksForMayBeOfAnyType() throws IOException {
        String others =
                """
                optional int64 at (TIMESTAMP(NANOS,false)); optional int64 of_day (TIME(NANOS,true));
                optional fixed_len_byte_array(32) price (DECIMAL(76,2)); required int64 big (INTEGER(64,false));
                optional fixed_len_byte_array(12) span (INTERVAL); optional int96 old; repeated int32 loose;
                optional fixed_len_byte_array(16) id (UUID);
                """;
        write("x.parquet", "required binary text (STRING); " + others, row -> row.append("text", "a")
                .append("big", -1L)
                .append("at", 1L)
                .append("id", Binary.fromConstantByteArray(new byte[16])));
        assertThat(texts("x.parquet")).containsExactly("a");
        // The annotation of a UUID becomes that of a half float, which this Parquet library does not know.
        byte[] bytes = Files.readAllBytes(folder.resolve("x.parquet"));
        String uuid = "\u00EC\0\0";
        int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf(uuid);
        assertThat(at).isPositive();
        bytes[at] = (byte) 0xFC;
        Files.write(folder.resolve("x.parquet"), bytes);
        assertThat(texts("x.parquet")).containsExactly("a");
    }

    @Test
    void aColumnOfNullsMayBeOfAnyType() throws IOException {
        write("p/1.parquet", "required binary text (STRING);", row -> row.append("text", "a"));
        write("p/2.parquet", "optional int32 text; optional group tools { optional int32 x; }", row -> {});
        assertThat(texts("p")).containsExactly("a", null);
        write("p/3.parquet", "optional int32 text;", row -> {}, row -> row.append("text", 7));
        assertInvalid("p", text("text"), "p/3.parquet: column text must hold text, it is of the type int32");
        write("q.parquet", "optional group text (LIST) { repeated int32 array; }", row -> row.addGroup("text")
                .append("array", 1));
        assertInvalid("q.parquet", text("text"), "q.parquet: column text must hold text, it is of the type list");
    }

    @Test
    void upperAndLowerCaseAreTwo() throws IOException {
        String schema = "required binary TEXT (STRING); required binary text (STRING); required binary Text (STRING);";
        write("x.parquet", schema, row -> row.append("TEXT", "1")
                .append("text", "2")
                .append("Text", "3"));
        assertThat(texts("x.parquet")).containsExactly("2");
        assertThat(read("x.parquet", text("Text")))
                .extracting(row -> row.get(0))
                .containsExactly("3");
    }

    @Test
    void filesOfOneFolderMayHaveTheirColumnsInAnotherOrderAndWidth() throws IOException {
        String text = "required binary text (STRING);";
        write("p/1.parquet", text + " required int64 label;", row -> row.append("text", "a")
                .append("label", 1L));
        write("p/2.parquet", "required int32 label; " + text, row -> row.append("label", 0)
                .append("text", "b"));
        write("p/3.parquet", "optional double label; " + text, row -> row.append("text", "c"), row -> row.append(
                        "label", 2.0)
                .append("text", "d"));
        write("p/4.parquet", "optional int32 label (INTEGER(32,false)); " + text, row -> row.append("label", -1)
                .append("text", "e"));
        write("p/5.parquet", "required boolean label; required binary text (ENUM);", row -> row.append("label", true)
                .append("text", "f"));
        write("p/6.parquet", "required int64 label (DECIMAL(9,1)); required binary text (JSON);", row -> row.append(
                        "label", 30L)
                .append("text", "g"));
        write("p/7.parquet", "required int64 label (INTEGER(64,false)); " + text, row -> row.append("label", -1L)
                .append("text", "h"));
        List<Row> rows = read("p", text("text").get(0), new InputColumn("label", Content.LABEL, true));
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("a", "b", "c", "d", "e", "f", "g", "h");
        assertThat(rows)
                .extracting(row -> row.get(1))
                .containsExactly("1", "0", null, "2", "4294967295", "1", "3", "18446744073709551615");
        assertThat(rows).allMatch(row -> row.isNullAt(row.fieldIndex("_reason")));
    }

    @Test
    void aNumberThatIsNoIntegerIsNoClass() throws IOException {
        write(
                "x.parquet",
                "required double label;",
                row -> row.append("label", 1.5),
                row -> row.append("label", Double.NaN),
                row -> row.append("label", -3e3));
        List<Row> rows = read("x.parquet", new InputColumn("label", Content.LABEL, true));
        assertThat(rows).extracting(row -> row.getAs("_reason")).containsExactly("wrong_type", "wrong_type", null);
        assertThat(rows.get(0).<String>getAs("_detail"))
                .isEqualTo("label holds no text, integer or boolean but a number");
        assertThat(rows.get(2).getString(0)).isEqualTo("-3000");
    }

    @Test
    void aNameMayHoldWhatHadoopsPathsDoNot() throws IOException {
        for (String name : List.of("a:b", "2024-01-01T10:00:00", "x [1]{2}*", "50%20 +#?", "\u00e4")) {
            write("p/x.parquet", "required binary text (STRING);", row -> row.append("text", name));
            Files.move(folder.resolve("p/x.parquet"), folder.resolve("p/" + name + ".parquet"));
        }
        assertThat(texts("p")).hasSize(5).contains("a:b", "x [1]{2}*");
        assertThat(texts("p/a:b.parquet")).containsExactly("a:b");
    }

    @Test
    void nestedValuesOfAllKindsBecomeJson() throws IOException {
        write(
                "x.parquet",
                NESTED,
                row -> {
                    Group list = row.addGroup("m");
                    list.addGroup("list");
                    Group element = list.addGroup("list").addGroup("element");
                    element.append("role", "\"\u00e9")
                            .append("score", 0.5)
                            .append("ok", false)
                            .append("at", 1_500_000_001L);
                    element.append("utc", -1L)
                            .append("day", 19_000)
                            .append("time", 61_000)
                            .append("tiny", 200);
                    element.add(
                            "old",
                            Binary.fromConstantByteArray(ByteBuffer.allocate(12)
                                    .put(new byte[8])
                                    .put(new byte[] {(byte) 0x8C, 0x3D, 0x25, 0})
                                    .array()));
                    element.add(
                            "half",
                            Binary.fromConstantByteArray(
                                    BigInteger.valueOf(-512).toByteArray()));
                    element.add("bytes", Binary.fromConstantByteArray(new byte[] {1, 2, 3}));
                    element.add(
                            "id",
                            Binary.fromConstantByteArray(HexFormat.of().parseHex("00112233445566778899aabbccddeeff")));
                    element.addGroup("old_list").append("array", "p").append("array", "q");
                    element.addGroup("pairs").addGroup("pairs_tuple").append("x", 1);
                    element.getGroup("pairs", 0).addGroup("pairs_tuple");
                    Group map = element.addGroup("map");
                    map.addGroup("key_value").append("key", "k").append("value", 9_007_199_254_740_993L);
                    map.addGroup("key_value").append("key", "none");
                },
                row -> row.addGroup("m"),
                row -> {});
        List<Row> rows = read("x.parquet", new InputColumn("m", Content.JSON, true));
        assertThat(rows)
                .extracting(row -> row.get(0))
                .containsExactly(
                        "[null,{\"role\":\"\\\"\u00e9\",\"score\":0.5,\"ok\":false,"
                                + "\"at\":\"1970-01-01T00:00:01.500000001\","
                                + "\"utc\":\"1969-12-31T23:59:59.999Z\",\"day\":\"2022-01-08\",\"time\":\"00:01:01\","
                                + "\"old\":\"1970-01-01T00:00:00Z\",\"half\":-5.12,\"tiny\":200,\"bytes\":\"AQID\","
                                + "\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"old_list\":[\"p\",\"q\"],"
                                + "\"pairs\":[{\"x\":1},{}],\"map\":{\"k\":9007199254740993,\"none\":null}}]",
                        "[]",
                        null);
    }

    @Test
    void whatIsRepeatedWithoutAListIsRefusedWhereItIsAskedFor() throws IOException {
        write(
                "x.parquet",
                "repeated binary text (STRING); optional group m { repeated int32 x; }",
                row -> row.append("text", "a").addGroup("m").append("x", 1));
        assertInvalid("x.parquet", text("text"), "column text must hold text, it is of the type STRING");
        assertInvalid(
                "x.parquet", List.of(new InputColumn("m", Content.JSON, true)), "must hold text, lists or structs");
    }

    @Test
    void aFieldOfAnUnknownTypeIsRefusedWithItsName() throws IOException {
        write("x.parquet", "optional group m { optional fixed_len_byte_array(2) half; }", row -> row.addGroup("m")
                .append("half", Binary.fromConstantByteArray(new byte[2])));
        assertInvalid(
                "x.parquet",
                List.of(new InputColumn("m", Content.JSON, true)),
                "x.parquet: column m has a field half of the type fixed_len_byte_array, which is not read");
    }

    @Test
    void rowGroupsAreReadInTheirOrder() throws IOException {
        Consumer<Group>[] rows = rows(5000, (row, i) -> row.append("text", i + "x".repeat(200)));
        write("x.parquet", "required binary text (STRING);", rows);
        List<Row> read = read("x.parquet", text("text"));
        assertThat(read).hasSize(5000);
        for (int i = 0; i < 5000; i += 333) {
            assertThat(read.get(i).getString(0)).isEqualTo(i + "x".repeat(200));
            assertThat(read.get(i).<Long>getAs("_row_number")).isEqualTo(i + 1L);
        }
    }

    @Test
    void aDamagedFileIsNeverShorter() throws IOException {
        Consumer<Group>[] rows = rows(3000, (row, i) -> row.append("text", "row " + i));
        write("x.parquet", "required binary text (STRING);", rows);
        byte[] whole = Files.readAllBytes(folder.resolve("x.parquet"));
        for (int at : new int[] {whole.length / 3, whole.length / 2, 2 * whole.length / 3}) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x55;
            Files.write(folder.resolve("x.parquet"), damaged);
            assertInvalid("x.parquet", text("text"), "x.parquet cannot be read as Parquet");
        }
        Files.write(folder.resolve("x.parquet"), Arrays.copyOf(whole, whole.length - 1));
        assertInvalid("x.parquet", text("text"), "x.parquet cannot be read as Parquet");
    }

    @Test
    void bytesThatAreNoTextAreNotReplaced() throws IOException {
        write(
                "x.parquet",
                "required binary text (STRING);",
                row -> row.append("text", "\uFFFD"),
                row -> row.append("text", Binary.fromConstantByteArray(new byte[] {'a', (byte) 0xC3, 'b'})));
        assertThat(read("x.parquet", text("text")))
                .extracting(row -> row.getAs("_reason"))
                .containsExactly(null, "malformed");
    }

    private void assertInvalid(String name, List<InputColumn> columns, String message) {
        assertThatThrownBy(() -> read(name, columns)).satisfies(failure -> {
            InvalidInputException mistake = ReadTable.mistake(failure).orElseThrow(() -> new AssertionError(failure));
            assertThat(mistake).hasMessageContaining(message);
        });
    }

    private List<Object> texts(String name) throws IOException {
        return read(name, text("text")).stream().map(row -> row.get(0)).toList();
    }

    private List<Row> read(String name, InputColumn... columns) throws IOException {
        return read(name, List.of(columns));
    }

    private List<Row> read(String name, List<InputColumn> columns) throws IOException {
        return TableRows.read(spark, folder.resolve(name).toString(), new ReadTable(columns, "UTF-8", ",", true))
                .orderBy("_source", "_row_number")
                .collectAsList();
    }

    private static List<InputColumn> text(String name) {
        return List.of(new InputColumn(name, Content.TEXT, true));
    }

    @SuppressWarnings("unchecked") // an array of a generic type
    private static Consumer<Group>[] rows(int count, BiConsumer<Group, Integer> fill) {
        return Stream.iterate(0, i -> i + 1)
                .limit(count)
                .map(i -> (Consumer<Group>) row -> fill.accept(row, i))
                .toArray(Consumer[]::new);
    }

    @SafeVarargs
    private void write(String name, String fields, Consumer<Group>... rows) throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType("message x { " + fields + " }");
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.deleteIfExists(file);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(
                        new org.apache.hadoop.fs.Path("file", null, file.toString()))
                .withType(schema)
                .withRowGroupSize(100_000L)
                .build()) {
            for (Consumer<Group> row : rows) {
                Group group = new SimpleGroupFactory(schema).newGroup();
                row.accept(group);
                writer.write(group);
            }
        }
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    }
}
