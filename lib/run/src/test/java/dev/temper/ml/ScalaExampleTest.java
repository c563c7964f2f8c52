package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Scala that docs/library.md shows: Spark's compiler takes it, and it runs. */
@Tag("spark")
final class ScalaExampleTest {
    private static final Path SOURCE =
            Path.of(System.getProperty("basedir"), "src/test/resources/dev/temper/ml/TunedAnswers.scala");

    @TempDir
    private Path folder;

    @Test
    void whatThePageShowsCompilesAndRuns() throws Exception {
        String page = Files.readString(Path.of(System.getProperty("temper.root"), "docs/library.md"));
        assertThat(page).contains("```scala\n" + Files.readString(SOURCE) + "```");
        SparkSession spark = Quickstart.session();
        Quickstart.rows(16).createOrReplaceTempView("dates");

        compile();
        String output = run("TunedAnswers", Quickstart.BASE.toString(), "dates", folder + "/runs", folder + "/saved");

        assertThat(output).contains("generation|", "train/loss|", "inputCol: column with a text");
        FineTunedModel model =
                (FineTunedModel) PipelineModel.load(folder + "/saved").stages()[1];
        assertThat(spark.read().parquet(folder + "/runs/*/metrics").count())
                .isEqualTo(model.history().count());
        assertThat(Files.readString(Path.of(model.folder()).resolveSibling("run.yaml")))
                .contains("warmup_ratio: 0.1", "r: 2");
    }

    private void compile() throws Exception {
        List<String> command = List.of(
                ChildProcess.java(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "scala.tools.nsc.Main",
                "-usejavacp",
                "-Xfatal-warnings",
                "-deprecation",
                "-d",
                folder.toString(),
                SOURCE.toString());
        try (ChildProcess compiler = ChildProcess.start(command, Map.of(), folder.resolve("compiler.log"))) {
            ChildProcess.Result result = compiler.await(Duration.ofMinutes(5));
            assertThat(result.exitCode()).as(result.output()).isZero();
        }
    }

    /** What it prints. */
    private String run(String program, String... arguments) throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader classes = new URLClassLoader(
                        new URL[] {folder.toUri().toURL()}, getClass().getClassLoader());
                PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            scala.Console.withOut(out, () -> {
                try {
                    classes.loadClass(program).getMethod("main", String[].class).invoke(null, (Object) arguments);
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(e);
                }
                return null;
            });
        }
        return printed.toString(StandardCharsets.UTF_8);
    }
}
