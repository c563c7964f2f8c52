package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeTree;
import dev.temper.run.RecipeData;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.table.DataTables;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands whose rows come from tables. */
@Tag("spark")
final class TableRunTest {
    private static final HadoopStore STORE = Jobs.store();
    private static final String SECRET = "hunter2-hunter2";

    @TempDir
    private Path folder;

    @BeforeEach
    void writeRows() throws IOException {
        Files.writeString(folder.resolve("recipe.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
    }

    @Test
    void commandsTakeQueriesAndFormatsAndTellNoSecret() throws Exception {
        String train = "data.train={sql: \"SELECT /* " + SECRET + " */ prompt, completion FROM json.`" + json() + "`"
                + " WHERE 'password' <> '" + SECRET + "'\"}";
        String eval = "data.eval={format: csv, location: " + folder + "/eval.csv, options: {header: true, token: "
                + SECRET + "}}";

        String prepared = run("prepare", train, eval);
        String preview = run("preview", train, eval);
        String trained = run("run", train, eval, "training.max_steps=1");

        assertThat(prepared).contains("files       train 1: sql; eval 1: csv " + folder + "/eval.csv");
        assertThat(preview).contains("of sql: ", "54 rows = 44 trained + 10 evaluated + 0 rejected");
        assertThat(trained).contains("54 rows = 44 trained + 10 evaluated + 0 rejected, prepared before");
        assertThat(prepared + preview + trained).doesNotContain(SECRET);
        Path output = folder.resolve("output");
        assertThat(output.resolve("run.yaml"))
                .content()
                .contains("prompt, completion FROM json.`" + folder + "/rows.json`", "header: \"***\"")
                .doesNotContain(SECRET, "password");
        for (Path file : files(output)) {
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    .as("%s", file)
                    .doesNotContain(SECRET);
        }
        JsonNode manifest =
                new ObjectMapper().readTree(output.resolve("manifest.json").toFile());
        assertThat(manifest.at("/files/train").toString()).isEqualTo("[\"sql\"]");
        assertThat(manifest.at("/files/sha256/sql").asText()).hasSize(64);
        assertThat(names(output.resolve("prepared"))).hasSize(1);
        assertThat(run("evaluate", output + "/model", train, eval)).contains("10 rows", "files: train 1: sql;");
    }

    @Test
    void curvesAreEqualForAnyPartitions() throws Exception {
        Path rows = json();
        Set<Map<Long, Double>> curves = new HashSet<>();
        for (int partitions : List.of(1, 2, 8)) {
            run(
                    "run",
                    "data.train={sql: \"SELECT /*+ REPARTITION(" + partitions + ") */ completion, prompt FROM json.`"
                            + rows + "` ORDER BY hash(prompt, " + partitions + ")\"}",
                    "data.eval=" + folder + "/eval.csv",
                    "training.max_steps=3",
                    "generation.eval_prompts=0",
                    "output=" + folder + "/out" + partitions);
            Map<Long, Double> curve =
                    new WrittenRun(WrittenRun.session(), folder + "/out" + partitions).metric("train/loss");
            assertThat(curve).hasSize(3);
            curves.add(curve);
        }
        assertThat(curves).hasSize(1);
    }

    @Test
    void programHandsOverDataFrames() throws Exception {
        Recipe recipe = RecipeFile.of(
                STORE,
                RecipeTree.read(
                        SmallRun.RECIPE,
                        "program",
                        List.of(
                                "model.base=" + SmallRun.BASE,
                                "data.train={dataframe: train}",
                                "data.eval={dataframe: eval}",
                                "output=" + folder + "/output")));
        SparkSession spark = WrittenRun.session();
        Dataset<Row> train = spark.read().option("header", true).csv(folder + "/train.csv");
        Dataset<Row> eval = spark.read().option("header", true).csv(folder + "/eval.csv");

        PreparedData data = RecipeData.of(STORE, recipe, RecipeData.today())
                .with(new DataTables(Map.of("train", train, "eval", eval)))
                .prepare(spark, STORE.folder(folder + "/output"));

        assertThat(data.rows())
                .hasToString(SmallRun.TRAIN_ROWS + SmallRun.EVAL_ROWS + " rows = " + SmallRun.TRAIN_ROWS + " trained + "
                        + SmallRun.EVAL_ROWS + " evaluated + 0 rejected");
        assertThat(data.files().readFiles(data.rows().evaluated()))
                .isEqualTo("train 1: dataframe train; eval 1: dataframe eval");
        spark.stop(); // commands have sessions of their own
    }

    @Test
    void mistakesLeaveNothing() throws Exception {
        assertThat(code("run", "data.train={table: no_such_table}")).isEqualTo(2);
        assertThat(code("prepare", "data.train={sql: SELEC prompt}")).isEqualTo(2);
        assertThat(code("preview", "data.train={sql: SELECT 1 AS prompt}")).isEqualTo(2);
        assertThat(code("run", "data.train={sql: \"SELECT raise_error('off') AS prompt, 'a' AS completion\"}"))
                .isEqualTo(1);
        assertThat(folder.resolve("output/prepared")).doesNotExist();
    }

    /** The training rows as JSON lines, which Spark's SQL reads by their path. */
    private Path json() throws IOException {
        Path rows = folder.resolve("rows.json");
        List<String> lines = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (Row row : WrittenRun.session()
                .read()
                .option("header", true)
                .csv(folder + "/train.csv")
                .collectAsList()) {
            lines.add(mapper.writeValueAsString(
                    Map.of("prompt", row.<String>getAs("prompt"), "completion", row.<String>getAs("completion"))));
        }
        Files.write(rows, lines);
        return rows;
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    private static List<String> names(Path root) throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    private String run(String... arguments) {
        PrintStream out = System.out;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        System.setOut(new PrintStream(text, true, StandardCharsets.UTF_8));
        try {
            assertThat(code(arguments)).isZero();
        } finally {
            System.setOut(out);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private int code(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add(
                all.get(0).equals("evaluate") ? 2 : 1,
                folder.resolve("recipe.yaml").toString());
        all.add("model.base=" + SmallRun.BASE);
        if (all.stream().noneMatch(argument -> argument.startsWith("output="))) {
            all.add("output=" + folder.resolve("output"));
        }
        return Temper.run(
                        all.toArray(String[]::new),
                        new RunCommand(STORE, recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                        new PrepareCommand(STORE, recipe -> Jobs.prepare(STORE, recipe)),
                        new PreviewCommand(STORE, request -> Jobs.preview(STORE, request)),
                        new EvaluateCommand(STORE, request -> Jobs.evaluate(STORE, request)))
                .code();
    }
}
