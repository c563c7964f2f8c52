package dev.temper.spark.cluster;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Two workers of which the second fails; tells what reaches the driver. */
public final class FailingWorkersMain {
    private FailingWorkersMain() {}

    /** Arguments: how it fails, and a folder in which each attempt of the second worker leaves a file. */
    public static void main(String[] args) throws IOException {
        ClusterConfig config = new ClusterConfig(2, Duration.ofSeconds(30), Optional.empty(), "auto");
        String kind = args[0];
        String folder = args[1];
        try (SparkSession spark = SparkSession.builder().appName("failing").getOrCreate()) {
            BarrierTraining.run(
                    spark,
                    config,
                    context -> work(context, kind, Path.of(folder)),
                    ProgressListener.silent(),
                    new Interruption());
            System.out.println("all done");
        } catch (Exception e) {
            System.out.println("driver caught:");
            e.printStackTrace(System.out);
        }
        System.exit(0); // a thread of Spark outlives a barrier stage
    }

    private static TrainingResult work(BarrierTraining.Context context, String kind, Path folder) throws IOException {
        if (context.workers().rank() == 1) {
            Files.createTempFile(folder, "attempt-", "");
            fail(kind, folder);
        }
        context.workers().barrier();
        return TrainingResult.evaluated(List.of(), List.of(), List.of(), 1);
    }

    private static void fail(String kind, Path folder) throws IOException {
        switch (kind) {
            case "mistake" -> throw new InvalidInputException("data: no rows", new IOException("the file is empty"));
            case "diverged" -> throw new FailedRunException("it has diverged", new ArithmeticException("not finite"));
            case "bug" -> throw new IllegalStateException("a state that nobody thought of");
            default -> {
                try (var attempts = Files.list(folder)) {
                    if (attempts.count() == 1) {
                        throw new IOException("its disk went away");
                    }
                }
            }
        }
    }
}
