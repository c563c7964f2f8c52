package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows as this process reads them are those that Spark's tasks read. */
@Tag("spark")
final class LocalRowsTest {
    private static final ReadTable TABLE = new ReadTable(
            List.of(
                    new InputColumn("text", Content.TEXT, true),
                    new InputColumn("label", Content.LABEL, false),
                    new InputColumn("chat", Content.JSON, false)),
            "UTF-8",
            ",",
            true);

    @TempDir
    private Path folder;

    private final SparkSession spark = LocalSpark.session();
    private final HadoopStore store = HadoopStore.of(spark);

    @ParameterizedTest
    @ValueSource(strings = {"rows.csv", "rows.jsonl", "list.json", "parquet", "several"})
    void areThoseOfTheTasks(String name) throws IOException {
        write();
        List<String> expected = new ArrayList<>();
        for (Row row : TableRows.read(spark, location(name), TABLE)
                .orderBy("_source", "_row_number")
                .collectAsList()) {
            expected.add(List.of(
                            row.<String>getAs("_source"),
                            row.<Long>getAs("_row_number"),
                            String.valueOf(row.<String>getAs("text")),
                            String.valueOf(row.<String>getAs("label")),
                            String.valueOf(row.<String>getAs("chat")),
                            Optional.ofNullable(row.<String>getAs("_detail")))
                    .toString());
        }

        assertThat(read(name)).isEqualTo(expected).hasSizeGreaterThan(2);
    }

    @Test
    void columnsComeWithWhatTheyCanBeReadAs() throws IOException {
        write();

        assertThat(LocalRows.columns(store, location("rows.csv"), TABLE))
                .extracting(InputColumn::name)
                .containsExactly("text", "label", "chat");
        assertThat(LocalRows.columns(store, location("rows.csv"), new ReadTable(TABLE.columns(), "UTF-8", ",", false)))
                .extracting(InputColumn::name)
                .containsExactly("_c0", "_c1", "_c2");
        assertThat(LocalRows.columns(store, location("rows.jsonl"), TABLE))
                .extracting(InputColumn::name)
                .containsExactly("text", "label", "chat", "more");
        assertThat(LocalRows.columns(store, location("parquet"), TABLE))
                .extracting(InputColumn::name, InputColumn::content)
                .containsExactly(
                        tuple("text", Content.LABEL), tuple("label", Content.LABEL), tuple("chat", Content.JSON));
    }

    /** One line with a list of objects is a row with a conversation, and no object around the rows. */
    @Test
    void aSingleConversationIsARow() throws IOException {
        Files.writeString(folder.resolve("one.jsonl"), "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");

        assertThat(LocalRows.columns(store, location("one.jsonl"), TABLE))
                .extracting(InputColumn::name)
                .containsExactly("messages");
    }

    @Test
    void whatIsWrongWithAFileIsSaid() throws IOException {
        Files.writeString(folder.resolve("x.csv"), "text,label\na,1\nb\n");
        Files.writeString(folder.resolve("y.csv"), "texts\na\n");

        assertThatThrownBy(() -> read("x.csv"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("x.csv (up to line 3) has 1 cells and its first line 2");
        assertThatThrownBy(() -> read("y.csv"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("has no column text (texts?)");
        assertThatThrownBy(() -> read("z.csv")).hasMessageContaining("z.csv does not exist");
    }

    /** What is read in part is closed: on a store a stream that stays open holds a connection. */
    @Test
    void whoNeedsTheFirstRowsClosesTheFile() throws IOException {
        write();
        try (LocalRows rows = LocalRows.open(store, location("rows.csv"), TABLE)) {
            assertThat(rows.next().values()).containsEntry("text", "one");
        }
        try (LocalRows rows = LocalRows.open(store, location("parquet"), TABLE)) {
            assertThat(rows.next().values()).containsEntry("text", "one");
        }
    }

    private List<String> read(String name) throws IOException {
        List<String> rows = new ArrayList<>();
        try (LocalRows all = LocalRows.open(store, location(name), TABLE)) {
            all.forEachRemaining(row -> rows.add(List.of(
                            row.source(),
                            row.number(),
                            String.valueOf(row.values().get("text")),
                            String.valueOf(row.values().get("label")),
                            String.valueOf(row.values().get("chat")),
                            row.trouble())
                    .toString()));
        }
        return rows;
    }

    private String location(String name) {
        return folder.resolve(name).toString();
    }

    private void write() throws IOException {
        Files.writeString(folder.resolve("rows.csv"), "text,label,chat\none,1,\"[1, 2]\"\n,0,\n\"two\n2\",,x\n");
        String row = "{\"text\": \"%s\", \"label\": %s, \"chat\": %s, \"more\": 1}";
        String one = row.formatted("one", "1", "[{\"role\": \"user\"}]");
        String two = row.formatted("two", "true", "null");
        String bad = "{\"text\": [3], \"label\": \"x\"}";
        Files.writeString(folder.resolve("rows.jsonl"), one + "\n\n" + two + "\n" + bad + "\n{oops\n");
        Files.writeString(folder.resolve("list.json"), "[" + one + "," + two + "," + bad + "]");
        Files.createDirectories(folder.resolve("several"));
        Files.writeString(folder.resolve("several/a.jsonl"), one + "\n" + two + "\n");
        Files.writeString(folder.resolve("several/b.jsonl"), two + "\n" + one + "\n");
        spark.sql("select 'one' as text, 1L as label, array(named_struct('role', 'user')) as chat"
                        + " union all select 'two', 2L, null union all select null, null, array()")
                .coalesce(1)
                .write()
                .parquet(location("parquet"));
    }
}
