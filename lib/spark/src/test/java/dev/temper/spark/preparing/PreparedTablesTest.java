package dev.temper.spark.preparing;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.rand;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.DataSettings;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.table.DataTables;
import dev.temper.spark.table.TableSnapshots;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("spark")
final class PreparedTablesTest {
    private static final long SEED = 42;
    private static final StructType PAIRS =
            new StructType().add("prompt", DataTypes.StringType).add("completion", DataTypes.StringType);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @BeforeEach
    void writeTokenizer() throws IOException {
        LocalSpark.writeTokenizer(folder.resolve("tokenizer"), 1000);
    }

    @Test
    void preparedRowsAreTheSameForAnyPartitionsAndOrder() throws IOException {
        Dataset<Row> rows = pairs();
        List<String> hashes = new ArrayList<>();
        List<Dataset<Row>> cut = List.of(
                rows.coalesce(1),
                rows.repartition(2),
                rows.repartition(8),
                rows.orderBy(rand(3)).repartition(8),
                rows.orderBy(col("completion").desc()),
                rows.select(lit(1).as("other"), col("completion"), col("prompt")));
        String key = null;
        for (int i = 0; i < cut.size(); i++) {
            PreparedData prepared = prepare(settings(), "out" + i, Map.of("rows", cut.get(i)));
            key = key == null ? prepared.key() : key;
            assertThat(prepared.key()).as("%d", i).isEqualTo(key);
            hashes.add(hashes(prepared.folder()));
        }
        assertThat(hashes).containsOnly(hashes.get(0)).hasSize(cut.size());
    }

    @Test
    void fileOfTheSameRowsGivesTheSameTokensSplitAndCounts() throws IOException {
        pairs().coalesce(1).write().parquet(folder + "/rows.parquet");
        DataSettings ofFile = new DataSettings()
                .training(folder + "/rows.parquet")
                .evaluating(0.2)
                .rejecting(0.1)
                .withCharacters(50);
        PreparedData file = prepare(ofFile.config(), "file", DataTables.NONE);
        PreparedData table = prepare(settings(), "table", Map.of("rows", pairs().repartition(3)));
        assertThat(table.rows()).isEqualTo(file.rows());
        assertThat(table.rows().rejected()).containsKeys("null_value", "too_many_characters");
        assertThat(table.rows().evaluated()).isPositive();
        assertThat(table.tokens()).isEqualTo(file.tokens());
        assertThat(table.lengths()).isEqualTo(file.lengths());
        assertThat(tokens(table)).containsExactlyInAnyOrderElementsOf(tokens(file));
        assertThat(ids(table)).doesNotHaveDuplicates();
        assertThat(table.files().train()).containsExactly("dataframe rows");
        assertThat(table.hashes()).containsOnlyKeys("dataframe rows");
    }

    @Test
    void rowsOfAQueryThatIsNotDeterministicAreReadOnce() throws IOException {
        Dataset<Row> random = spark.range(200)
                .select(
                        expr("concat('w', cast(rand() * 1000 as int))").as("prompt"),
                        expr("concat('w', cast(rand() * 1000 as int))").as("completion"));
        PreparedData prepared = prepare(settings(), "out", Map.of("rows", random));
        assertThat(prepared.rows().in()).isEqualTo(200);
        assertThat(prepared.rows().trained() + prepared.rows().evaluated()).isEqualTo(200);
    }

    @Test
    void tablesViewsQueriesAndFormatsAreTables() throws IOException {
        pairs().write().parquet(folder + "/rows");
        pairs().createOrReplaceTempView("snapshot_view");
        spark.sql("CREATE DATABASE IF NOT EXISTS snapshot_db LOCATION '" + folder + "/db'");
        try {
            pairs().write().format("json").option("path", folder + "/managed").saveAsTable("snapshot_db.rows");
            Map<Source, String> names = Map.of(
                    Source.ofTable("snapshot_view"), "table snapshot_view",
                    Source.ofTable("spark_catalog.snapshot_db.rows"), "table spark_catalog.snapshot_db.rows",
                    Source.ofSql("SELECT completion, prompt FROM parquet.`" + folder + "/rows`"), "sql",
                    format("parquet", folder + "/rows", Map.of("mergeSchema", true)), "parquet " + folder + "/rows");
            List<List<String>> all = new ArrayList<>();
            for (Map.Entry<Source, String> source : names.entrySet()) {
                DataSettings settings = new DataSettings()
                        .training(source.getKey())
                        .evaluating(0.2)
                        .rejecting(0.1);
                PreparedData prepared = prepare(settings.withCharacters(50).config(), "out", DataTables.NONE);
                assertThat(prepared.files().train()).containsExactly(source.getValue());
                all.add(tokens(prepared).stream().sorted().toList());
            }
            assertThat(all).hasSize(4).containsOnly(all.get(0));
        } finally {
            spark.sql("DROP DATABASE snapshot_db CASCADE");
            spark.catalog().dropTempView("snapshot_view");
        }
    }

    @Test
    void rowsAreFoundPreparedAndNothingElseStays() throws IOException {
        PreparedData first = prepare(settings(), "out", Map.of("rows", pairs()));
        PreparedData again = prepare(settings(), "out", Map.of("rows", pairs().repartition(5)));
        assertThat(first.reused()).isFalse();
        assertThat(again.reused()).isTrue();
        assertThat(again.folder().location()).isEqualTo(first.folder().location());
        PreparedData other = prepare(settings(), "out", Map.of("rows", pairs().limit(30)));
        assertThat(other.key()).isNotEqualTo(first.key());
        assertThat(entries("out")).containsExactlyInAnyOrder(first.key(), other.key());
    }

    @Test
    void tablesAreMixedByWeightAndEvaluatedBesideFiles() throws IOException {
        Files.writeString(folder.resolve("eval.csv"), "prompt,completion\nw1,w2\nw3,w4\n");
        spark.range(100)
                .selectExpr("concat('w', id) AS prompt", "'w1' AS completion")
                .createOrReplaceTempView("all_of");
        DataSettings settings = new DataSettings()
                .training(Source.ofTable("all_of"))
                .training(new Source(
                        Optional.empty(),
                        OptionalDouble.of(0.5),
                        Optional.empty(),
                        Optional.of("SELECT concat('w', id + 200) AS prompt, 'w2' AS completion FROM range(100)"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .training(Source.ofSql("SELECT 'w999' AS prompt, 'w3' AS completion"))
                .evaluatingFile(folder + "/eval.csv");
        PreparedData prepared = prepare(settings.config(), "out", DataTables.NONE);
        assertThat(prepared.rows().evaluated()).isEqualTo(2);
        assertThat(prepared.files().train()).containsExactly("sql", "sql 2", "table all_of");
        assertThat(prepared.leftOut()).isBetween(25L, 75L);
        assertThat(prepared.rows().trained()).isEqualTo(201 - prepared.leftOut());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            textBlock =
                    """
            SELECT 'w1' AS promt, 'w2' AS completion | data: sql has no column prompt (promt?); it has promt, completion
            SELECT 'a' AS prompt, 'b' AS prompt, 'c' AS completion | data: sql has two columns prompt: rename one
            SELECT 'a' AS prompt, 'b' AS completion WHERE 1 = 0 | data: sql has no rows
            SELEC 1 | data: sql cannot be opened: Syntax error at or near 'SELEC'.(line 1, pos 0)
            SELECT a FROM no_such_table | data: sql cannot be opened: The table or view `no_such_table` cannot be found
            DROP TABLE IF EXISTS x | data: sql does more than to read: write a query, such as SELECT …
            SET a=b | data: sql does more than to read: write a query, such as SELECT …
            INSERT INTO x SELECT 1 | data: sql does more than to read: write a query, such as SELECT …
            SELECT current_date() AS prompt, 'b' AS completion | data: sql: column prompt must hold text or lists of\
             messages, it is of the type DATE; CAST it in a query, as in {sql: "SELECT CAST(prompt AS STRING) AS\
             prompt, … FROM …"}
            SELECT X'00' AS prompt, 'b' AS completion | data: sql: column prompt must hold text or lists of messages,\
             it is of the type binary; CAST it in a query, as in {sql: "SELECT CAST(prompt AS STRING) AS prompt, …\
             FROM …"}
            SELECT map('a', 1) AS prompt, 'b' AS completion | data: sql: column prompt must hold text or lists of\
             messages, it is of the type map; CAST it in a query, as in {sql: "SELECT CAST(prompt AS STRING) AS prompt,\
             … FROM …"}
            SELECT array(NULL) AS prompt, 'b' AS completion | data: sql: column prompt is of the type array<void>,\
             which is not read; CAST it in a query, as in {sql: "SELECT CAST(prompt AS STRING) AS prompt, … FROM …"}
            """)
    void whatCannotBeReadIsRefusedInOneSentence(String sql, String message) {
        assertThatThrownBy(() ->
                        prepare(new DataSettings().training(Source.ofSql(sql)).config(), "out", DataTables.NONE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void tablesThatAreNotThereAreRefused() {
        assertRefused(
                Source.ofTable("no_such.rows"),
                "data: table no_such.rows cannot be opened: The table or view `no_such`.`rows` cannot be found");
        assertRefused(
                format("delta_lake", folder + "/x", Map.of()),
                "data: delta_lake " + folder + "/x cannot be opened: Failed to find the data source: delta_lake");
        assertRefused(
                format("parquet", folder + "/x", Map.of()),
                "data: parquet " + folder + "/x cannot be opened: Path does not exist: file:" + folder + "/x");
        assertRefused(
                Source.ofDataframe("other"),
                "data: there is no DataFrame other: a program hands one over by this name; a recipe of a command names"
                        + " a location, a table or sql");
        Dataset<Row> stream = spark.readStream().format("rate").load();
        assertThatThrownBy(() -> prepare(settings(), "out", Map.of("rows", stream)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data: dataframe rows is a stream, which has no end: write it to a table, and name that");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void failureOfAReadIsOneWithItsCauseAndLeavesNothing() {
        Dataset<Row> broken = spark.range(10)
                .map((MapFunction<Long, String>) PreparedTablesTest::fail, Encoders.STRING())
                .select(col("value").as("prompt"), col("value").as("completion"));
        assertThatThrownBy(() -> prepare(settings(), "out", Map.of("rows", broken)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("data: dataframe rows could not be read: ArithmeticException: the sensor of row 7 is off");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private static String fail(Long id) {
        if (id == 7) {
            throw new ArithmeticException("the sensor of row 7 is off");
        }
        return "w" + id;
    }

    private void assertRefused(Source source, String message) {
        assertThatThrownBy(() -> prepare(new DataSettings().training(source).config(), "out", DataTables.NONE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }

    private static Source format(String format, String location, Map<String, Object> options) {
        return new Source(
                Optional.of(location),
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(format),
                Optional.of(options),
                Optional.empty());
    }

    /** Some rows stand twice or three times, some have no answer, one is too long. */
    private Dataset<Row> pairs() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            rows.add(RowFactory.create("w" + i % 90, "w" + i % 45 + " w" + i % 30));
        }
        rows.add(RowFactory.create("w1", null));
        rows.add(RowFactory.create("w1", null));
        rows.add(RowFactory.create("w2 ".repeat(40), "w3"));
        return spark.createDataFrame(rows, PAIRS);
    }

    private static DataConfig settings() {
        return new DataSettings()
                .training(Source.ofDataframe("rows"))
                .evaluating(0.2)
                .rejecting(0.1)
                .withCharacters(50)
                .config();
    }

    private HadoopStore store() {
        return HadoopStore.of(spark);
    }

    private PreparedData prepare(DataConfig data, String out, Map<String, Dataset<Row>> frames) throws IOException {
        return prepare(data, out, new DataTables(frames));
    }

    private PreparedData prepare(DataConfig data, String out, DataTables tables) throws IOException {
        Folder prepared = store().folder(folder + "/" + out);
        Preparation preparation = PlainText.preparation(store(), data, folder + "/tokenizer");
        try (TableSnapshots read = TableSnapshots.take(spark, data, preparation, tables, prepared)) {
            return PreparedData.prepare(spark, data, SEED, read.in(preparation), prepared);
        }
    }

    private List<String> entries(String out) throws IOException {
        return store().folder(folder + "/" + out).list().stream()
                .map(Store.Entry::name)
                .toList();
    }

    private static String hashes(Folder prepared) throws IOException {
        return prepared.list().stream()
                .map(Store.Entry::name)
                .sorted()
                .map(name -> name + " " + sha256(prepared, name))
                .collect(Collectors.joining("\n"));
    }

    private static String sha256(Folder prepared, String name) {
        try {
            return prepared.sha256(name);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> tokens(PreparedData prepared) throws IOException {
        List<String> rows = new ArrayList<>();
        PreparedData.read(
                prepared.folder(),
                row -> rows.add(row.split() + " " + Arrays.toString(row.tokens().inputIds()) + " "
                        + Arrays.toString(row.tokens().labels())));
        return rows;
    }

    private static List<String> ids(PreparedData prepared) throws IOException {
        List<String> ids = new ArrayList<>();
        PreparedData.read(prepared.folder(), row -> ids.add(row.rowId()));
        return ids;
    }
}
