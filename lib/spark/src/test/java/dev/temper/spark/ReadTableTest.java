package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.ParquetTable.Column;
import dev.temper.spark.ParquetTable.Kind;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("spark")
final class ReadTableTest {
    private static final ReadTable AB = new ReadTable(List.of("a", "b"), "UTF-8", ",", true);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void csvKeepsQuotesLineEndsAndTheDifferenceOfNullAndEmpty() throws IOException {
        write("x.csv", "\uFEFFa,b\r\n\"one \"\"1\"\"\",\"two\n2\"\r\n,\"\"\r\n\u00e9,4\r\n");
        List<Row> rows = read(AB, "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("one \"1\"", null, "\u00e9");
        assertThat(rows).extracting(row -> row.get(1)).containsExactly("two\n2", "", "4");
        assertThat(rows).extracting(row -> row.<Long>getAs("row_number")).containsExactly(1L, 2L, 3L);
        assertThat(rows)
                .extracting(row -> row.<String>getAs("source"))
                .containsOnly(folder.resolve("x.csv").toString());
        assertThat(rows).allMatch(row -> row.isNullAt(row.fieldIndex("reason")));
    }

    @Test
    void csvOfOtherHabits() throws IOException {
        Files.write(folder.resolve("x.csv"), "\u00e4;1\r\u00f6;2\r".getBytes(Charset.forName("windows-1252")));
        List<Row> rows = read(new ReadTable(List.of("_c0"), "windows-1252", ";", false), "x.csv");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly("\u00e4", "\u00f6");
    }

    @Test
    void rowsThatCannotBeParsedKeepTheirReason() throws IOException {
        write("x.csv", "a,b\n1,2\n3\n");
        write("y.jsonl", "{\"a\": \"1\", \"b\": \"2\"}\n{\"a\": \n\n{\"b\": \"3\"}\n");
        assertThat(read(AB, "x.csv")).extracting(row -> row.getAs("reason")).containsExactly(null, "malformed");
        List<Row> json = read(AB, "y.jsonl");
        assertThat(json).extracting(row -> row.getAs("reason")).containsExactly(null, "malformed", null);
        assertThat(json).extracting(row -> row.<Long>getAs("row_number")).containsExactly(1L, 2L, 4L);
        assertThat(json.get(2).isNullAt(0)).isTrue();
    }

    @Test
    void rowsOfAFolderAreFoundAgain() throws IOException {
        Files.createDirectories(folder.resolve("d/e"));
        write("d/1 x.csv", "a,b\n1,2\n1,2\n1,3\n");
        write("d/e/2.csv", "a,b\n1,2\n");
        write("d/_SUCCESS", "");
        List<Row> rows = read(AB, "d");
        assertThat(rows)
                .extracting(row -> row.<String>getAs("source"))
                .containsExactly(
                        folder + "/d/1 x.csv", folder + "/d/1 x.csv", folder + "/d/1 x.csv", folder + "/d/e/2.csv");
        assertThat(rows).extracting(row -> row.<String>getAs("row_id")).doesNotHaveDuplicates();
        assertThat(rows.get(0).<String>getAs("content")).isEqualTo(rows.get(3).<String>getAs("content"));
        assertThat(rows.get(0).<String>getAs("content"))
                .isNotEqualTo(rows.get(2).<String>getAs("content"));
        assertThat(read(AB, "d")).isEqualTo(rows);
    }

    @Test
    void parquetRowsAreNumberedInTheirFile() throws IOException {
        ParquetTable table = new ParquetTable(List.of(new Column("b", Kind.STRING), new Column("a", Kind.LONG)));
        HadoopStore store = HadoopStore.of(spark);
        table.write(store.folder(folder + "/p"), List.of(List.of("x", 1L), List.of("y", 2L)));
        List<Row> rows = read(AB, "p");
        assertThat(rows).extracting(row -> row.get(0)).containsExactly(1L, 2L);
        assertThat(rows).extracting(row -> row.<Long>getAs("row_number")).containsExactly(1L, 2L);
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        assertInvalid("none.csv", "none.csv does not exist");
        write("x.txt", "a");
        assertInvalid("x.txt", "x.txt is no .csv, .jsonl, .json or .parquet file");
        write("x.csv", "");
        assertInvalid("x.csv", "x.csv is empty");
        write("x.csv", "a,bb\n1,2\n");
        assertInvalid("x.csv", "has no column b (a?); it has a, bb");
        Files.createDirectories(folder.resolve("d"));
        assertInvalid("d", "has no .csv, .jsonl, .json or .parquet file in it");
        assertThatThrownBy(() -> new ReadTable(List.of("row_id"), "UTF-8", ",", true))
                .hasMessageContaining("row_id is a name of ours");
        assertThatThrownBy(() -> new ReadTable(List.of("a"), "utf-ate", ",", true))
                .hasMessageContaining("utf-ate is no encoding");
    }

    private void assertInvalid(String name, String message) {
        assertThatThrownBy(() -> read(AB, name))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    private List<Row> read(ReadTable table, String name) throws IOException {
        return table.read(spark, folder.resolve(name).toString())
                .orderBy("source", "row_number")
                .collectAsList();
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardCharsets.UTF_8);
    }
}
