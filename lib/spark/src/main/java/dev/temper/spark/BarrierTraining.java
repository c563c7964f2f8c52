package dev.temper.spark;

import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.collective.Ring;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.Function1;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/**
 * Runs a worker in each task of a barrier stage. The workers find each other through the stage, prove to each other
 * that they belong to this run, and form a ring. The stage ends in a shuffle, since Spark never repeats a barrier stage
 * that is its job's last.
 */
public final class BarrierTraining {
    /** What one task does; travels to the executors. */
    @FunctionalInterface
    public interface Worker extends Serializable {
        TrainingResult run(Context context) throws Exception;
    }

    /**
     * Where a worker finds itself.
     *
     * @param workers its ring; closed for it
     * @param listener reports to the driver; silent on all workers but the first
     * @param threads how many of this machine's cores are its own: {@code spark.task.cpus} where that is set, else its
     *     share of the executor's
     */
    public record Context(Collective workers, ProgressListener listener, int threads) {}

    /** A result, or the message of a failure that another attempt would repeat. */
    private record Outcome(int rank, TrainingResult result, String mistake, String failure) implements Serializable {}

    private interface Tasks extends Function1<Iterator<Integer>, Iterator<Outcome>>, Serializable {}

    /** What every task knows from the driver. */
    private record Setup(Worker worker, Duration timeout, String secret, ProgressServer.Address progress)
            implements Serializable {}

    private BarrierTraining() {}

    /**
     * Trains with {@code config.workers()} workers and waits for them.
     *
     * @return what each worker brings home, by rank; predictions with the first one alone
     * @throws InvalidInputException when the cluster cannot run that many side by side, or a worker found a mistake
     */
    public static List<TrainingResult> run(
            SparkSession spark, ClusterConfig config, Worker worker, ProgressListener listener) throws IOException {
        int workers = config.workers();
        ClusterCheck.verifySettings(spark.sparkContext().conf(), workers);
        ClusterCheck.awaitSlots(spark.sparkContext(), workers, listener::warned);
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        String secret = HexFormat.of().formatHex(random);
        try (ProgressServer server = new ProgressServer(secret, listener)) {
            String driver = spark.sparkContext().conf().get("spark.driver.host", "localhost");
            Setup setup = new Setup(worker, config.collectiveTimeout(), secret, server.address(driver));
            Tasks tasks = rows ->
                    JavaConverters.asScalaIterator(List.of(attempt(setup)).iterator());
            List<Integer> seeds = IntStream.range(0, workers).boxed().toList();
            List<Outcome> outcomes = new JavaSparkContext(spark.sparkContext())
                    .parallelize(seeds, workers)
                    .rdd()
                    .barrier()
                    .<Outcome>mapPartitions(tasks, false, ClassTag$.MODULE$.apply(Outcome.class))
                    .toJavaRDD()
                    .repartition(1)
                    .collect();
            return outcomes.stream()
                    .sorted((a, b) -> Integer.compare(a.rank(), b.rank()))
                    .map(BarrierTraining::result)
                    .toList();
        }
    }

    private static TrainingResult result(Outcome outcome) {
        if (outcome.mistake() != null) {
            throw new InvalidInputException(outcome.mistake());
        }
        if (outcome.failure() != null) {
            throw new IllegalStateException(outcome.failure());
        }
        return outcome.result();
    }

    /** One task. A lost peer is thrown, so that Spark tries the stage again; what would only fail again is not. */
    private static Outcome attempt(Setup setup) {
        BarrierTaskContext task = BarrierTaskContext.get();
        int rank = task.partitionId();
        try {
            return new Outcome(rank, train(setup, task), null, null);
        } catch (InvalidInputException e) {
            return new Outcome(rank, null, e.getMessage(), null);
        } catch (IllegalStateException e) {
            return new Outcome(rank, null, null, e.getMessage());
        } catch (Exception e) {
            throw new IllegalStateException("worker " + rank + " failed: " + e.getMessage(), e);
        }
    }

    private static TrainingResult train(Setup setup, BarrierTaskContext task) throws Exception {
        SparkEnv environment = SparkEnv.get();
        String host = environment.blockManager().blockManagerId().host();
        try (ServerSocketChannel own = ServerSocketChannel.open()) {
            own.bind(new InetSocketAddress(0));
            int port = ((InetSocketAddress) own.getLocalAddress()).getPort();
            String[] peers = task.allGather(environment.executorId() + "|" + host + "|" + port);
            List<InetSocketAddress> addresses = Arrays.stream(peers)
                    .map(peer -> peer.split("\\|"))
                    .map(parts -> new InetSocketAddress(parts[1], Integer.parseInt(parts[2])))
                    .toList();
            long beside = Arrays.stream(peers)
                    .filter(peer -> peer.startsWith(environment.executorId() + "|"))
                    .count();
            byte[] secret = secret(setup.secret(), task.stageAttemptNumber());
            try (Collective ring = Ring.connect(task.partitionId(), addresses, own, secret, setup.timeout())) {
                return withListener(setup, ring, GivenCores.ofWorker(beside));
            }
        }
    }

    private static TrainingResult withListener(Setup setup, Collective ring, int threads) throws Exception {
        if (ring.rank() > 0) {
            TrainingResult result = setup.worker().run(new Context(ring, ProgressListener.silent(), threads));
            return result.withoutPredictions();
        }
        try (ProgressServer.ReportingListener listener = ProgressServer.connect(setup.progress())) {
            return setup.worker().run(new Context(ring, listener, threads));
        }
    }

    /** A new secret for each attempt, so that a left-over worker of an earlier one is refused. */
    private static byte[] secret(String secret, int attempt) throws NoSuchAlgorithmException {
        String text = secret + " " + attempt;
        return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    }
}
