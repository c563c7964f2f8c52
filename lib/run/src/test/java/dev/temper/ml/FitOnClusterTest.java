package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program's fit on executors that are processes of their own is the fit of one process. */
@Tag("spark")
final class FitOnClusterTest {
    @TempDir
    private Path folder;

    @Test
    void theModelIsThatOfOneProcessToTheLastBit() throws Exception {
        Quickstart.rows(40).repartition(3).write().parquet(folder + "/table");
        Jars jars = Jars.ofClassPath(folder);
        ChildProcess.Result result;
        try (SparkCluster cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()))) {
            result = cluster.submit(
                    List.of(
                            "--executor-memory",
                            "1g",
                            "--class",
                            FitMain.class.getName(),
                            "--jars",
                            jars.applicationList(),
                            jars.application().get(0).toString(),
                            folder + "/table",
                            folder + "/cluster",
                            System.getProperty("temper.root")),
                    Map.of());
        }
        Dataset<Row> rows = Quickstart.session().read().parquet(folder + "/table");

        FineTunedModel local = FitMain.fineTuning(folder + "/local").fit(rows.coalesce(1));

        assertThat(result.exitCode()).as(result.output()).isZero();
        Path there = Path.of(said(result, "model: ").orElseThrow());
        assertThat(there.getParent().getFileName())
                .isEqualTo(Path.of(local.folder()).getParent().getFileName());
        assertThat(Files.mismatch(
                        there.resolve("adapter_model.safetensors"),
                        Path.of(local.folder(), "adapter_model.safetensors")))
                .isEqualTo(-1);
        List<String> answers =
                local.transform(rows.select("prompt").orderBy("prompt").limit(3)).collectAsList().stream()
                        .map(row -> "answer: " + row.getString(1))
                        .toList();
        assertThat(result.output().lines()).containsAll(answers);
        assertThat(said(result, "loss: "))
                .contains(String.valueOf(local.evaluate(rows).get("eval/loss")));
        assertThat(said(result, "refused: ").orElse(result.output()))
                .startsWith("cluster.workers: 3 workers train side by side and need a slot each");
    }

    private static Optional<String> said(ChildProcess.Result result, String about) {
        return result.output()
                .lines()
                .filter(line -> line.startsWith(about))
                .findFirst()
                .map(line -> line.substring(about.length()));
    }
}
