package dev.temper.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.LocalSpark;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("spark")
final class ParquetTableTest {
    private static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("step", Kind.LONG),
            new Column("name", Kind.STRING),
            new Column("value", Kind.DOUBLE),
            new Column("time", Kind.TIMESTAMP),
            new Column("rank", Kind.INT),
            new Column("ids", Kind.INTS),
            new Column("same", Kind.BOOLEAN)));
    private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678901Z");
    private static final List<List<?>> ROWS = List.of(
            List.of(1L, "train/loss", 0.5, TIME, 7, new int[] {1, 2}, true),
            Arrays.asList(2L, "a \"b\",\nc", Double.NaN, null, null, null, null));

    @TempDir
    Path folder;

    @Test
    void sparkReadsItBackWithItsTypes() throws IOException {
        TABLE.write(HadoopStore.of(LocalSpark.session()).folder(folder + "/metrics"), ROWS);
        Dataset<Row> read = LocalSpark.session().read().parquet(folder + "/metrics");
        assertThat(read.schema().toDDL())
                .isEqualTo("step BIGINT,name STRING,value DOUBLE,time TIMESTAMP,rank INT,ids ARRAY<INT>,same BOOLEAN");
        List<Row> rows = read.collectAsList();
        assertThat(rows.get(0).<Timestamp>getAs("time").toInstant()).isEqualTo(TIME);
        assertThat(rows.get(0).<Integer>getList(5)).containsExactly(1, 2);
        assertThat(rows.get(1).getDouble(2)).isNaN();
        assertThat(rows.get(1).isNullAt(3)).isTrue();
        assertThat(folder.resolve("metrics").toFile().list()).containsExactly("part-00000.parquet");
    }

    @Test
    void anEmptyTableHasItsColumns() throws IOException {
        TABLE.write(HadoopStore.of(LocalSpark.session()).folder(folder + "/rejected"), List.of());
        Dataset<Row> read = LocalSpark.session().read().parquet(folder + "/rejected");
        assertThat(read.count()).isZero();
        assertThat(read.columns()).startsWith("step", "name");
    }

    @Test
    void csvIsQuotedWhereItMustBe() throws IOException {
        TABLE.writeCsv(HadoopStore.of(LocalSpark.session()).folder(folder.toString()), "table.csv", ROWS);
        assertThat(Files.readString(folder.resolve("table.csv")))
                .isEqualTo(
                        """
                        step,name,value,time,rank,ids,same
                        1,train/loss,0.5,2026-01-02T03:04:05.678901Z,7,1 2,true
                        2,"a ""b"",
                        c",NaN,,,,
                        """);
    }
}
