package dev.temper.spark.table;

import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.LocalSpark;
import dev.temper.spark.preparing.PreparedPlace;
import dev.temper.spark.preparing.RowShape;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.reading.TableRows;
import dev.temper.spark.source.FileChunks;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.Sources;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables as files, before any row is prepared. */
@Tag("spark")
final class TableSnapshotTest {
    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void rowsOfManyFilesHaveNumbersOfTheirOwnAndStandInOrder() throws IOException {
        Dataset<Row> many = spark.range(0, 250_000, 1, 5)
                .select(expr("cast(id div 2 as string)").as("text"));
        ReadTable table = new ReadTable(
                List.of(new InputColumn("text", Content.TEXT, true)), "UTF-8", ",", true, DataConfig.MAX_CHARACTERS);
        List<SourceFiles> written = new ArrayList<>();
        for (Dataset<Row> rows : List.of(many, many.repartition(2).coalesce(1))) {
            try (PreparedPlace place = PreparedPlace.take("output", store().folder(folder + "/t" + written.size()))) {
                TableQuery query = new TableQuery("table t", rows).columns(table);
                written.add(new TableSnapshot(query, table, new RowShape(1, 0, -1))
                        .write(place.onCluster(spark), "table-0"));
                List<Row> read = new TableRows(
                                table,
                                Sources.of(store(), written.get(written.size() - 1)),
                                FileChunks.unread(Sources.of(store(), written.get(written.size() - 1))))
                        .withOwnColumns(spark)
                        .collect();
                List<String> contents =
                        read.stream().map(row -> row.<String>getAs("_content")).toList();
                assertThat(contents).hasSize(250_000).isSorted();
                assertThat(read.stream().map(row -> row.<String>getAs("text")).distinct())
                        .hasSize(125_000);
            }
        }
        List<SourceFiles.SourceFile> files = written.get(0).files();
        assertThat(files).hasSize(4).extracting(SourceFiles.SourceFile::source).containsOnly("table t");
        assertThat(files.get(3).rowsBefore()).isBetween(150_000L, 225_000L);
        for (int i = 0; i < files.size(); i++) {
            SourceFiles.SourceFile other = written.get(1).files().get(i);
            assertThat(Path.of(other.location()))
                    .hasSameBinaryContentAs(Path.of(files.get(i).location()));
            assertThat(other.sha256()).isEqualTo(files.get(i).sha256());
        }
    }

    /** One column of each kind: what a table gives is what a file of the same rows gives. */
    @Test
    void valuesOfEveryTypeAreReadAsFromAFile() throws IOException {
        Dataset<Row> rows = spark.sql(
                """
                SELECT struct(id AS n, CAST(id AS DECIMAL(12, 3)) AS price, DATE '1203-02-03' AS day,
                         TIMESTAMP '2024-05-06 07:08:09.123456' AS at, X'0102' AS raw, CAST(NULL AS INT) AS none,
                         array(1.5D, NULL) AS list, id % 2 = 0 AS even) AS json,
                       CASE WHEN id % 3 = 0 THEN NULL ELSE id END AS label,
                       id % 2 = 0 AS truth,
                       id / 2D AS fraction,
                       CAST(id AS DECIMAL(30, 2)) AS amount,
                       NULL AS nothing,
                       array(named_struct('role', 'user', 'content', concat('é', id)), NULL) AS messages,
                       CAST(X'FF41' AS STRING) AS bytes
                FROM range(20)
                """);
        List<InputColumn> columns = List.of(
                new InputColumn("json", Content.JSON, true),
                new InputColumn("label", Content.LABEL, true),
                new InputColumn("truth", Content.LABEL, true),
                new InputColumn("fraction", Content.LABEL, true),
                new InputColumn("amount", Content.LABEL, true),
                new InputColumn("messages", Content.TEXT_OR_MESSAGES, true),
                new InputColumn("nothing", Content.OPTION, false),
                new InputColumn("absent", Content.OPTION, false));
        ReadTable table = new ReadTable(columns, "UTF-8", ",", true, DataConfig.MAX_CHARACTERS);
        spark.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
        rows.drop("nothing").coalesce(1).write().parquet(folder + "/file");
        spark.conf().unset("spark.sql.parquet.datetimeRebaseModeInWrite");
        List<String> file = TableRows.read(spark, folder + "/file", table).collectAsList().stream()
                .map(TableSnapshotTest::read)
                .toList();
        try (PreparedPlace place = PreparedPlace.take("output", store().folder(folder + "/t"))) {
            SourceFiles files = new TableSnapshot(
                            new TableQuery("table t", rows).columns(table), table, new RowShape(8, 2, -1))
                    .write(place.onCluster(spark), "table-0");
            Sources sources = Sources.of(store(), files);
            List<String> read = new TableRows(table, sources, FileChunks.unread(sources))
                    .withOwnColumns(spark).collect().stream()
                            .map(TableSnapshotTest::read)
                            .toList();
            assertThat(read).containsExactlyInAnyOrderElementsOf(file);
            assertThat(read.get(0)).contains("\"day\":\"1203-02-03\"", "\"at\":\"2024-05-06T07:08:09.123456Z\"");
        }
    }

    private static String read(Row row) {
        return row.schema().fieldNames().length + " "
                + Arrays.stream(row.schema().fieldNames())
                        .filter(name -> !name.equals("_source") && !name.equals("_row_number"))
                        .map(name -> name + "=" + row.getAs(name))
                        .collect(Collectors.joining(" "));
    }

    private HadoopStore store() {
        return HadoopStore.of(spark);
    }
}
