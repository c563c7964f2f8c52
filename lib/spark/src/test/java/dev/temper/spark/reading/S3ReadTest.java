package dev.temper.spark.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.spark.LocalSpark;
import dev.temper.spark.source.FileChoice.LeftOut;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.testkit.S3Endpoint;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Files of an object store, chosen and read as those of a disk. The bucket is this test's own: Hadoop keeps the file
 * system of a bucket, with its endpoint, as long as the process lives.
 */
@Tag("spark")
final class S3ReadTest {
    private static final List<InputColumn> TEXT = List.of(new InputColumn("text", Content.TEXT, true));

    private static S3Endpoint s3;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Endpoint.start();
        s3.createBucket("odes");
        Configuration configuration = LocalSpark.session().sparkContext().hadoopConfiguration();
        s3.sparkOptions().forEach((key, value) -> configuration.set(key.replace("spark.hadoop.", ""), value));
    }

    @AfterAll
    static void end() throws Exception {
        if (s3 == null) {
            return;
        }
        Configuration configuration = LocalSpark.session().sparkContext().hadoopConfiguration();
        s3.sparkOptions().keySet().forEach(key -> configuration.unset(key.replace("spark.hadoop.", "")));
        s3.close();
    }

    @Test
    void splitsAndPatterns() throws Exception {
        put("set/odes-train.jsonl", line("1"));
        put("set/odes-test.jsonl", line("2"));
        put("set/notes.txt", line("3"));
        SourceFiles found = SourceFiles.find(store(), "s3a://odes/set", Use.TRAIN);
        assertThat(found.files()).extracting(file -> file.source()).containsExactly("s3a://odes/set/odes-train.jsonl");
        assertThat(found.leftOut())
                .containsExactly(
                        new LeftOut("s3a://odes/set/notes.txt", "not a kind that is read, .txt"),
                        new LeftOut("s3a://odes/set/odes-test.jsonl", "split test"));
        put("deep/1.jsonl", line("4"));
        put("deep/a/2.jsonl", line("5"));
        assertThat(texts("s3a://odes/deep/**/[12].jsonl")).containsExactly("4", "5");
        assertThat(texts("s3a://odes/{deep,set}/{1,odes-test}.jsonl")).containsExactly("4", "2");
    }

    @Test
    void textThatIsCompressed() throws Exception {
        byte[] both = joined(zipped(line("1")), new byte[600], zipped(line("2")));
        put("zip/10:30.jsonl.GZ", both);
        assertThat(texts("s3a://odes/zip")).containsExactly("1", "2");
        put("zip/10:30.jsonl.GZ", Arrays.copyOf(both, both.length - 4));
        assertThatThrownBy(() -> texts("s3a://odes/zip"))
                .hasStackTraceContaining("s3a://odes/zip/10:30.jsonl.GZ is no whole gzip file");
    }

    @Test
    void parquetUnderAnyName() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ParquetTable table = new ParquetTable(List.of(new Column("n", Kind.LONG), new Column("text", Kind.STRING)));
        try (ParquetTable.Writer writer = table.writer(bytes)) {
            writer.add(List.of(1L, "a"));
            writer.add(Arrays.asList(2L, null));
        }
        put("parquet/2024-01-01T10:30:00 [x].parquet", bytes.toByteArray());
        assertThat(texts("s3a://odes/parquet")).containsExactly("a", null);
    }

    private static HadoopStore store() {
        return HadoopStore.of(LocalSpark.session());
    }

    private static List<Object> texts(String location) throws IOException {
        List<Row> rows = TableRows.read(LocalSpark.session(), location, new ReadTable(TEXT, "UTF-8", ",", true))
                .orderBy("_source", "_row_number")
                .collectAsList();
        return rows.stream().map(row -> row.get(0)).toList();
    }

    // Through S3A, which writes names as it reads them.
    private static void put(String key, byte[] bytes) throws IOException {
        try (var out = store().write("s3a://odes/" + key)) {
            out.write(bytes);
        }
    }

    private static byte[] line(String text) {
        return ("{\"text\": \"" + text + "\"}\n").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] zipped(byte[] text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text);
        }
        return bytes.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
