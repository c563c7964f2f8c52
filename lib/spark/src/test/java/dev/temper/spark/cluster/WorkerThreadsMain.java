package dev.temper.spark.cluster;

import dev.temper.kernel.Workspace;
import dev.temper.track.Metric;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Workers that load libtorch and tell how many threads they may use. */
public final class WorkerThreadsMain {
    private WorkerThreadsMain() {}

    /** Argument: how many workers. */
    public static void main(String[] args) throws IOException {
        ClusterConfig config =
                new ClusterConfig(Integer.parseInt(args[0]), Duration.ofSeconds(60), Optional.empty(), "auto");
        try (SparkSession spark = SparkSession.builder().appName("threads").getOrCreate()) {
            List<Integer> threads =
                    BarrierTraining.run(spark, config, WorkerThreadsMain::work, new Warnings(), new Interruption())
                            .stream()
                            .map(result -> (int) result.metrics().get(0).value())
                            .toList();
            System.out.println("threads " + threads);
        }
        System.exit(0); // a thread of Spark outlives a barrier stage
    }

    private static TrainingResult work(BarrierTraining.Context context) {
        try (Workspace workspace = Workspace.open(context.threads())) {
            Metric threads = new Metric(0, "threads", workspace.threads(), Instant.EPOCH);
            return TrainingResult.evaluated(List.of(threads), List.of(), List.of(), 0);
        }
    }

    private static final class Warnings implements ProgressListener {
        @Override
        public void warned(String sentence) {
            System.out.println("warned: " + sentence);
        }
    }
}
