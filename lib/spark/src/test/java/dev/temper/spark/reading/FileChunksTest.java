package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.LocalSpark;
import dev.temper.spark.source.FileChunks;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("spark")
final class FileChunksTest {
    private static final ReadTable TABLE =
            new ReadTable(List.of(new InputColumn("a", Content.TEXT, true)), "UTF-8", ",", true);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @ParameterizedTest
    @ValueSource(longs = {5, 64, 333, 100_000})
    void severalTasksReadTheLinesOfOneFile(long bytes) throws IOException {
        Random random = new Random(7);
        StringBuilder text = new StringBuilder("\uFEFF");
        for (int i = 0; i < 60; i++) {
            text.append(i % 9 == 4 ? "" : "{\"a\": \"\u00e9%d%s\"}".formatted(i, "x".repeat(random.nextInt(40))));
            text.append(i % 7 == 0 ? "\r\n" : "\n");
        }
        Sources sources = write("x.jsonl", text.append("{\"a\": \"end\"}").toString());
        FileChunks whole = FileChunks.read(spark, sources);
        FileChunks chunks = FileChunks.read(spark, sources, bytes);
        assertThat(chunks.slices(sources, StandardCharsets.UTF_8)).hasSizeGreaterThanOrEqualTo(bytes < 500 ? 4 : 1);
        assertThat(rows(sources, chunks))
                .hasSize(54)
                .isEqualTo(rows(sources, whole))
                .endsWith("61 end");
    }

    @Test
    void listsAndWideCharactersAreReadInOnePiece() throws IOException {
        Sources list = write("x.json", " \n[{\"a\": \"1\"},\n{\"a\": \"2\"},\n{\"a\": \"3\"}\n]\n");
        FileChunks chunks = FileChunks.read(spark, list, 9);
        assertThat(chunks.slices(list, StandardCharsets.UTF_8)).hasSize(1);
        assertThat(rows(list, chunks)).containsExactly("1 1", "2 2", "3 3");
        Sources lines = write("y.jsonl", "{\"a\": \"1\"}\n".repeat(9));
        FileChunks small = FileChunks.read(spark, lines, 20);
        assertThat(small.slices(lines, StandardCharsets.UTF_16LE)).hasSize(1);
        assertThat(small.slices(lines, Charset.forName("windows-1252"))).hasSize(5);
    }

    private Sources write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
        HadoopStore store = HadoopStore.of(spark);
        return Sources.of(store, SourceFiles.find(store, folder.resolve(name).toString(), Use.TRAIN));
    }

    private List<String> rows(Sources sources, FileChunks chunks) {
        return new TableRows(TABLE, sources, chunks)
                .read(spark)
                .filter(ReadRow::isRow)
                .map(row -> row.number() + " " + row.values()[0])
                .collect();
    }
}
