package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("spark")
final class ReadTableTest {
    private static final ReadTable AB = table("a", "b");

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void csvKeepsQuotesLineEndsAndTheDifferenceOfNullAndEmpty() throws IOException {
        write("x.csv", "\uFEFFa,b\r\n\"one \"\"1\"\"\",\"two\n2\"\r\n,\"\"\r\n\u00e9,4\r\n");
        List<Row> rows = read(AB, "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("one \"1\"", null, "\u00e9");
        assertThat(rows).extracting(row -> row.get(1)).containsExactly("two\n2", "", "4");
        assertThat(rows).extracting(row -> row.<Long>getAs("_row_number")).containsExactly(1L, 2L, 3L);
        assertThat(rows)
                .extracting(row -> row.<String>getAs("_source"))
                .containsOnly(folder.resolve("x.csv").toString());
        assertThat(rows).allMatch(row -> row.isNullAt(row.fieldIndex("_reason")));
    }

    @Test
    void csvOfOtherHabits() throws IOException {
        Files.write(folder.resolve("x.csv"), "\u00e4;1\r\u00f6;2\r".getBytes(Charset.forName("windows-1252")));
        List<Row> rows = read(new ReadTable(text("_c0"), "windows-1252", ";", false), "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("\u00e4", "\u00f6");
    }

    @Test
    void lineEndsWithinQuotesStayAsTheyAreAndRowsMayEndInAnyWay() throws IOException {
        write("x.csv", "a,b\r\"1\r\n2\",\"\r\"\r\n\n\"\n\",4\n5,\"6,\"\"\"");
        List<Row> rows = read(AB, "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("1\r\n2", "\n", "5");
        assertThat(rows).extracting(row -> row.get(1)).containsExactly("\r", "4", "6,\"");
    }

    @Test
    void aCellMayBeLong() throws IOException {
        String cell = "word ".repeat(100_000);
        write("x.csv", "a,b\n\"" + cell + "\"," + cell + "\n");
        List<Row> rows = read(AB, "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly(cell);
        assertThat(rows).extracting(row -> row.get(1)).containsExactly(cell);
    }

    @Test
    void tabsAndZippedFiles() throws IOException {
        write("x.tsv", "a\tb\n1,5\t\"x\ty\"\n");
        assertThat(read(AB, "x.tsv")).extracting(row -> row.get(1)).containsExactly("x\ty");
        write("y.tsv", "a|b\n1|2\n");
        assertThat(read(new ReadTable(text("b"), "UTF-8", "|", true), "y.tsv"))
                .extracting(row -> row.get(0))
                .containsExactly("2");
        zip("x.csv.gz", "a,b\n1,2\n");
        assertThat(read(AB, "x.csv.gz")).extracting(row -> row.get(1)).containsExactly("2");
        zip("x.json.gz", "\n [{\"a\": \"1\", \"b\": \"3\"}]");
        assertThat(read(AB, "x.json.gz")).extracting(row -> row.get(1)).containsExactly("3");
        zip("x.CSV.GZ", "a,b\n1,4\n");
        assertThat(read(AB, "x.CSV.GZ")).extracting(row -> row.get(1)).containsExactly("4");
        Files.copy(folder.resolve("x.csv.gz"), folder.resolve("zipped.csv"));
        assertInvalid("zipped.csv", "zipped.csv is compressed with gzip", "rename it to zipped.csv.gz");
        write("y.csv.gz", "a,b\n1,2\n");
        assertInvalid("y.csv.gz", "y.csv.gz is no gzip file");
        byte[] zipped = Files.readAllBytes(folder.resolve("x.csv.gz"));
        Files.write(folder.resolve("z.csv.gz"), Arrays.copyOf(zipped, zipped.length - 9));
        assertInvalid("z.csv.gz", "z.csv.gz is no whole gzip file");
    }

    @Test
    void encodings() throws IOException {
        for (Charset charset :
                List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.ISO_8859_1)) {
            String mark = charset.equals(StandardCharsets.UTF_16LE) ? "\uFEFF" : "";
            Files.write(folder.resolve("x.csv"), (mark + "a,b\n\u00e4,\u00f6\n").getBytes(charset));
            Files.write(folder.resolve("x.jsonl"), (mark + "{\"a\": \"\u00e4\"}\n").getBytes(charset));
            assertThat(read(new ReadTable(text("a"), charset.name(), ",", true), "x.csv"))
                    .extracting(row -> row.get(0))
                    .containsExactly("\u00e4");
            assertThat(read(new ReadTable(text("a"), charset.name(), ",", true), "x.jsonl"))
                    .extracting(row -> row.get(0))
                    .containsExactly("\u00e4");
        }
    }

    @Test
    void aWrongEncodingIsNamedWithItsLine() throws IOException {
        String lines = "a,b\n" + "w\u00f6rd,word\n".repeat(20_000);
        Path file = folder.resolve("x.csv");
        Files.writeString(file, lines);
        Files.write(file, "\u00e4,1\n".getBytes(StandardCharsets.ISO_8859_1), StandardOpenOption.APPEND);
        assertInvalid("x.csv", "x.csv is not UTF-8: line 20002 has the byte 0xE4", "data.encoding to windows-1252");
        Files.write(file, "a,b\n1,2\n".getBytes(StandardCharsets.UTF_16));
        assertInvalid("x.csv", "set data.encoding to UTF-16");
        write("x.jsonl", "{\"a\": \"\u00e4\"}\n");
        assertThatThrownBy(() -> read(new ReadTable(text("a"), "US-ASCII", ",", true), "x.jsonl"))
                .hasStackTraceContaining("x.jsonl is not US-ASCII: line 1 has the byte 0xC3");
    }

    @Test
    void rowsThatDoNotFitTheirHeaderAreNamed() throws IOException {
        write("x.csv", "a,b\n1,2\n\"3\n\",4,5\n");
        assertInvalid("x.csv", "row 2 of " + folder + "/x.csv (up to line 4) has 3 cells and its first line 2");
        write("x.csv", "a,b\n1,2\n3\n");
        assertInvalid("x.csv", "row 2 of " + folder + "/x.csv (up to line 3) has 1 cells");
        write("x.csv", "a,b\n1,2\n3,\"4\n5,6\n7,8\n");
        assertInvalid("x.csv", "x.csv: a quote in the row that begins in line 3 is never closed");
        write("x.csv", "a,b\n1,\"2\n3,\"4\"\n5,6\n");
        assertInvalid("x.csv", "x.csv: line 3 has text after a closing quote");
        write("x.csv", "a,b,a\n1,2,3\n");
        assertInvalid("x.csv", "x.csv has two columns a");
        write("x.csv", "c,a,c,b,\n1,2,3,4,5\n");
        assertThat(read(AB, "x.csv")).extracting(row -> row.get(1)).containsExactly("4");
    }

    @Test
    void jsonRowsThatCannotBeParsedKeepTheirReason() throws IOException {
        write(
                "y.jsonl",
                "{\"a\": \"1\", \"b\": \"2\"}\n{\"a\": \n\n{\"b\": \"3\"}\r\n[1]\n{\"a\": \"\\ud800\"} \n{} {}\n");
        List<Row> json = read(AB, "y.jsonl");
        assertThat(json)
                .extracting(row -> row.getAs("_reason"))
                .containsExactly(null, "malformed", null, "malformed", "malformed", "malformed");
        assertThat(json).extracting(row -> row.<Long>getAs("_row_number")).containsExactly(1L, 2L, 4L, 5L, 6L, 7L);
        assertThat(json.get(2).isNullAt(0)).isTrue();
        assertThat(json.get(3).<String>getAs("_detail")).isEqualTo("no object: [1]");
    }

    @Test
    void jsonValuesAreTextOrNestedOrLabels() throws IOException {
        ReadTable table = new ReadTable(
                List.of(
                        new InputColumn("t", Content.TEXT, true),
                        new InputColumn("m", Content.JSON, false),
                        new InputColumn("l", Content.LABEL, false)),
                "UTF-8",
                ",",
                true);
        write(
                "x.json",
                """
                [{"t": "x", "m": [{"n": 1.10, "big": 12345678901234567890, "s": "\\u00e9\\n"}, null], "l": 3},
                 {"t": 4, "m": "[]", "l": true, "other": {"a": [1]}},
                 {"t": null, "m": 5, "l": false},
                 {"t": {"a": 1}, "l": 1.5},
                 {"t": "y", "l": 2.0}, {"t": "y", "l": 2.5}, {"t": "y", "l": NaN},
                 7]
                """);
        List<Row> rows = read(table, "x.json");
        assertThat(rows.get(0).getString(1))
                .isEqualTo("[{\"n\":1.10,\"big\":12345678901234567890,\"s\":\"\u00e9\\n\"},null]");
        assertThat(rows).extracting(row -> row.get(2)).startsWith("3", "1", "0", "1.5", "2");
        assertThat(rows.get(1).getString(1)).isEqualTo("[]");
        assertThat(rows)
                .extracting(row -> row.getAs("_detail"))
                .containsExactly(
                        null,
                        "t holds no text but a number",
                        "m holds no text, list or object but a number",
                        "t holds no text but an object",
                        null,
                        "l holds no text, integer or boolean but a number",
                        "l holds no text, integer or boolean but a number",
                        "no object, but VALUE_NUMBER_INT");
        assertThat(rows).extracting(row -> row.getAs("_reason")).endsWith("wrong_type", "malformed");
        write("y.json", "[{\"t\": \"x\"},\n {\"t\": \"y\",]");
        assertThatThrownBy(() -> read(table, "y.json")).hasStackTraceContaining("y.json is no JSON: line 2");
        write("y.json", "[{\"t\": \"x\"}");
        assertThatThrownBy(() -> read(table, "y.json")).hasStackTraceContaining("y.json is no JSON: line 1");
    }

    @Test
    void jsonAroundRowsSaysHowToRewriteIt() throws IOException {
        String rows = "[{\"a\": \"1\", \"b\": \"[\"}, {\"a\": \"2\"}]";
        write("x.json", "{\"version\": [[1], {}], \"data\": " + rows + ", \"more\": [{}]}");
        assertInvalid(
                "x.json",
                "x.json is one object with its rows in the list data: what is read is one object a line",
                "jq -c '.data[]' " + folder + "/x.json > rows.jsonl");
        write("x.json", "{\n \"version\": 1,\n \"rows\": " + rows.replace(",", ",\n") + "}\n");
        assertInvalid("x.json", "x.json is one object with its rows in the list rows");
        write("x.jsonl", "{\n \"a\": \"1\",\n \"b\": \"2\"\n}\n{\n \"a\": \"1\",\n \"b\": \"2\"\n}\n");
        assertInvalid("x.jsonl", "x.jsonl has objects over several lines", "jq -c . " + folder + "/x.jsonl > rows");
        write("x.jsonl", "{\"a\": \"1\", \"b\": \"2\", \"c\": [{}]}\n{\"c\": [{}], \"b\": \"3\"}\n");
        assertThat(read(AB, "x.jsonl")).extracting(row -> row.get(1)).containsExactly("2", "3");
        write("x.jsonl", "{\"c\": [{}]}\n{\"a\": \"1\", \"b\": \"3\"}\n");
        assertThat(read(AB, "x.jsonl")).extracting(row -> row.get(1)).containsExactly(null, "3");
    }

    @Test
    void rowsOfAFolderAreFoundAgain() throws IOException {
        Files.createDirectories(folder.resolve("d/e"));
        write("d/1 x.csv", "a,b\n1,2\n1,2\n1,3\n");
        write("d/e/2.csv", "a,b\n1,2\n");
        write("d/_SUCCESS", "");
        List<Row> rows = read(AB, "d");
        assertThat(rows)
                .extracting(row -> row.<String>getAs("_source"))
                .containsExactly(
                        folder + "/d/1 x.csv", folder + "/d/1 x.csv", folder + "/d/1 x.csv", folder + "/d/e/2.csv");
        assertThat(rows.get(0).<String>getAs("_content")).isEqualTo(rows.get(3).<String>getAs("_content"));
        assertThat(rows.get(0).<String>getAs("_content"))
                .isNotEqualTo(rows.get(2).<String>getAs("_content"));
        assertThat(read(AB, "d")).isEqualTo(rows);
    }

    @Test
    void parquetRowsAreNumberedInTheirFile() throws IOException {
        parquet(
                "p",
                List.of(new Column("b", Kind.STRING), new Column("a", Kind.LONG)),
                List.of("x", 1L),
                List.of("y", 2L));
        ReadTable table = new ReadTable(
                List.of(new InputColumn("a", Content.LABEL, true), new InputColumn("c", Content.TEXT, false)),
                "UTF-8",
                ",",
                true);
        List<Row> rows = read(table, "p");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("1", "2");
        assertThat(rows).extracting(row -> row.get(1)).containsExactly(null, null);
        assertThat(rows).extracting(row -> row.<Long>getAs("_row_number")).containsExactly(1L, 2L);
        assertInvalid("p", "part-00000.parquet: column a must hold text, it is of the type int64");
        write("p/broken.parquet", "PAR1");
        assertInvalid("p", "broken.parquet cannot be read as Parquet");
    }

    @Test
    void nestedParquetIsCarriedAsJson() throws IOException {
        spark.sql("select array(named_struct('role', 'user', 'content', 'hi', 'tool', null),"
                        + " named_struct('role', 'assistant', 'content', 'ho', 'tool', 1)) as messages, true as yes")
                .write()
                .parquet(folder + "/n");
        ReadTable table = new ReadTable(
                List.of(new InputColumn("messages", Content.JSON, true), new InputColumn("yes", Content.LABEL, true)),
                "UTF-8",
                ",",
                true);
        Row row = read(table, "n").get(0);
        assertThat(row.getString(0))
                .isEqualTo("[{\"role\":\"user\",\"content\":\"hi\"},"
                        + "{\"role\":\"assistant\",\"content\":\"ho\",\"tool\":1}]");
        assertThat(row.getString(1)).isEqualTo("1");
    }

    @Test
    void whatAStructAddsIsLeftOutAndWhatALineSaysStays() throws IOException {
        InputColumn prompt = new InputColumn("p", Content.TEXT_OR_MESSAGES, true);
        ReadTable table =
                new ReadTable(List.of(prompt, new InputColumn("o", Content.OPTION, false)), "UTF-8", ",", true);
        spark.sql("select array(named_struct('role', 'user', 'name', cast(null as string))) as p,"
                        + " map('a', cast(null as int), 'b', 1) as o union all select null, null")
                .coalesce(1)
                .write()
                .parquet(folder + "/n");
        assertThat(read(table, "n"))
                .extracting(row -> row.get(0) + " " + row.get(1))
                .containsExactly(InputColumn.NESTED + "[{\"role\":\"user\"}] {\"a\":null,\"b\":1}", "null null");
        spark.sql("select '[1]' as p").write().parquet(folder + "/t");
        assertThat(read(table, "t")).extracting(row -> row.get(0)).containsExactly("[1]");
        spark.sql("select named_struct('role', 'user') as p").write().parquet(folder + "/s");
        assertThatThrownBy(() -> read(table, "s")).hasMessageContaining("column p must hold text or lists of messages");
        write(
                "x.jsonl",
                """
                {"p": [{"role": "user", "name": null}], "o": {"d": null}}
                {"p": "[1]"}
                {"p": {"role": "user"}, "o": 1}
                """);
        List<Row> rows = read(table, "x.jsonl");
        assertThat(rows.get(0).get(0)).isEqualTo(InputColumn.NESTED + "[{\"role\":\"user\",\"name\":null}]");
        assertThat(rows.get(0).get(1)).isEqualTo("{\"d\":null}");
        assertThat(rows.get(1).get(0)).isEqualTo("[1]");
        assertThat(rows.get(2).<String>getAs("_detail")).isEqualTo("p holds no text or list of messages but an object");
    }

    @Test
    void aColumnThatFewRowsHaveMovesNoOtherRow() throws IOException {
        write("x.jsonl", "{\"a\": \"1\", \"b\": \"2\"}\n{\"a\": \"1\", \"b\": \"2\", \"c\": {}}\n");
        List<InputColumn> columns = new ArrayList<>(AB.columns());
        List<Row> without = read(AB, "x.jsonl");
        columns.add(new InputColumn("c", Content.OPTION, false));
        columns.add(new InputColumn("d", Content.OPTION, false));
        List<Row> with = read(new ReadTable(columns, "UTF-8", ",", true), "x.jsonl");
        assertThat(with.get(0).<String>getAs("_content"))
                .isEqualTo(without.get(0).getAs("_content"));
        assertThat(with.get(1).<String>getAs("_content"))
                .isNotEqualTo(without.get(1).getAs("_content"));
    }

    @Test
    void filesOfOneFolderHaveOneSchema() throws IOException {
        parquet("p/1", List.of(new Column("a", Kind.STRING), new Column("b", Kind.STRING)), List.of("x", "y"));
        parquet("p/2", List.of(new Column("a", Kind.STRING), new Column("c", Kind.STRING)), List.of("x", "y"));
        assertInvalid("p", "p/2/part-00000.parquet has no column b (a?); it has a, c");
        ReadTable loose = new ReadTable(
                List.of(new InputColumn("a", Content.TEXT, true), new InputColumn("b", Content.TEXT, false)),
                "UTF-8",
                ",",
                true);
        assertThatThrownBy(() -> read(loose, "p"))
                .hasStackTraceContaining("p/2/part-00000.parquet has other columns than " + folder + "/p/1/part-0");
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        assertInvalid(
                "none.csv", "data.train: " + folder + "/none.csv does not exist; name a file or folder that does");
        write("x.txt", "a");
        assertInvalid("x.txt", "x.txt is no .csv, .tsv, .jsonl, .json or .parquet file");
        write("x.csv", "");
        assertInvalid("x.csv", "x.csv is empty");
        write("x.csv", "a,bb\n1,2\n");
        assertInvalid("x.csv", "has no column b (a?); it has a, bb");
        Files.createDirectories(folder.resolve("d"));
        assertInvalid("d", "has no .csv, .tsv, .jsonl, .json or .parquet file in it");
        assertThatThrownBy(() -> table("_row_id")).hasMessageContaining("_row_id is a name of ours");
        assertThatThrownBy(() -> new ReadTable(text("a"), "utf-ate", ",", true))
                .hasMessageContaining("utf-ate is no encoding");
    }

    private void assertInvalid(String name, String... messages) {
        assertThatThrownBy(() -> read(AB, name)).satisfies(failure -> {
            InvalidInputException mistake = ReadTable.mistake(failure).orElseThrow(() -> new AssertionError(failure));
            assertThat(mistake).hasMessageContainingAll(messages);
        });
    }

    private List<Row> read(ReadTable table, String name) throws IOException {
        return TableRows.read(spark, folder.resolve(name).toString(), table)
                .orderBy("_source", "_row_number")
                .collectAsList();
    }

    private static ReadTable table(String... names) {
        return new ReadTable(text(names), "UTF-8", ",", true);
    }

    private static List<InputColumn> text(String... names) {
        return Stream.of(names)
                .map(name -> new InputColumn(name, Content.TEXT, true))
                .toList();
    }

    private void parquet(String name, List<Column> columns, List<?>... rows) throws IOException {
        new ParquetTable(columns).write(HadoopStore.of(spark).folder(folder + "/" + name), List.of(rows));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardCharsets.UTF_8);
    }

    private void zip(String name, String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
