package dev.temper.spark.cluster;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.check.PermanentException;
import dev.temper.collective.Collective;
import dev.temper.collective.Ring;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import dev.temper.train.worker.StoppedException;
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
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.Function1;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/**
 * Runs training as a barrier stage with one worker per task. The workers exchange their addresses through the stage,
 * authenticate each other, and connect as a ring. The stage writes a shuffle, because Spark never retries a barrier
 * stage that is the last stage of its job.
 */
public final class BarrierTraining {
    /** Spark property that interrupts the threads of cancelled tasks, which may be copying gigabytes from a store. */
    private static final String INTERRUPT = "spark.job.interruptOnCancel";

    /** The work of one task, serialized to the executors. */
    @FunctionalInterface
    public interface Worker extends Serializable {
        TrainingResult run(Context context) throws Exception;

        /**
         * Checks before anything else that this machine sees the folders that it needs. Runs again in each attempt, as
         * a replaced executor may be on another machine.
         *
         * @throws InvalidInputException when it does not
         */
        default void verifyPlace() throws IOException {}
    }

    /** The work of one task of a barrier stage. */
    interface Task<T> extends Serializable {
        T run();
    }

    /**
     * The environment of a worker.
     *
     * @param workers the ring; closed by the caller
     * @param listener sends events to the driver; ignores them on all workers but the first
     * @param stop whether the driver asks all workers to stop; to be checked from time to time once the listener was
     *     told that training has begun, and answered by a {@link StoppedException} on all workers
     * @param threads number of cores for this worker: {@code spark.task.cpus} if set, otherwise its share of the
     *     executor's
     */
    public record Context(Collective workers, ProgressListener listener, BooleanSupplier stop, int threads) {}

    private enum Ending {
        DONE,
        MISTAKE,
        FAILURE,
        STOPPED
    }

    /**
     * The result of a task, or the message of a failure that another attempt would repeat.
     *
     * @param failure the original failure; null if there is none, or if each worker found the same
     */
    private record Outcome(int rank, Ending ending, TrainingResult result, String message, RemoteFailure failure)
            implements Serializable {
        static Outcome done(int rank, TrainingResult result) {
            return new Outcome(rank, Ending.DONE, result, "", null);
        }

        static Outcome of(int rank, PermanentException failure) {
            Ending ending = failure instanceof InvalidInputException ? Ending.MISTAKE : Ending.FAILURE;
            RemoteFailure remote = RemoteFailure.of(failure, WorkerFailedException.place(rank) + ": ");
            return new Outcome(rank, ending, null, String.valueOf(failure.getMessage()), remote);
        }
    }

    private interface Tasks<T> extends Function1<Iterator<Integer>, Iterator<T>>, Serializable {}

    /** What every task receives from the driver. */
    private record Setup(Worker worker, Duration timeout, ProgressServer.Address driver) implements Serializable {}

    private BarrierTraining() {}

    /**
     * Trains with {@code config.workers()} workers and waits for them.
     *
     * @param interruption ends the run: workers that are training stop together, others are cancelled
     * @return the results of all workers, by rank; only the first one has predictions
     * @throws InvalidInputException when the cluster cannot run that many workers at the same time, or a worker found a
     *     mistake of the user
     * @throws FailedRunException when a worker failed in a way that another attempt would repeat
     * @throws IOException when a worker failed in each attempt, with its rank, host, cause and stack trace
     * @throws StoppedException when the workers were asked to stop, and stopped
     */
    @SuppressWarnings("try") // the handler is registered for the duration of the block
    public static List<TrainingResult> run(
            SparkSession spark,
            ClusterConfig config,
            Worker worker,
            ProgressListener listener,
            Interruption interruption)
            throws IOException {
        SparkContext context = spark.sparkContext();
        ClusterCheck.verifySettings(context.conf(), config.workers());
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        try (ProgressServer server = new ProgressServer(ListeningAddress.listen(SparkEnv.get()), secret, listener);
                Interruption.Scope stopping = interruption.answering(() -> stop(server, listener, context))) {
            interruption.check(); // interrupted before the handler was registered
            ClusterCheck.awaitSlots(context, config.workers(), listener::warned, interruption);
            String driver = context.conf().get("spark.driver.host", "localhost");
            Setup setup = new Setup(worker, config.collectiveTimeout(), server.address(driver));
            return sideBySide(context, config.workers(), () -> attempt(setup), Outcome.class).stream()
                    .sorted((a, b) -> Integer.compare(a.rank(), b.rank()))
                    .map(BarrierTraining::result)
                    .toList();
        } catch (Exception e) { // Spark throws checked exceptions that it does not declare
            Optional<IOException> told = WorkerFailedException.told(e);
            if (told.isPresent()) {
                throw told.get();
            }
            throw e;
        }
    }

    private static void stop(ProgressServer server, ProgressListener listener, SparkContext context) {
        if (server.stop()) {
            listener.warned("interrupted: training ends with the update under way; a second signal ends it at once");
        } else {
            context.cancelAllJobs();
        }
    }

    /** Runs a barrier stage with this number of tasks, and returns their results. */
    static <T> List<T> sideBySide(SparkContext context, int tasks, Task<T> task, Class<T> type) {
        Tasks<T> function =
                none -> JavaConverters.asScalaIterator(List.of(task.run()).iterator());
        List<Integer> seeds = IntStream.range(0, tasks).boxed().toList();
        String before = context.getLocalProperty(INTERRUPT);
        context.setLocalProperty(INTERRUPT, "true");
        try {
            return new JavaSparkContext(context)
                    .parallelize(seeds, tasks)
                    .rdd()
                    .barrier()
                    .<T>mapPartitions(function, false, ClassTag$.MODULE$.apply(type))
                    .toJavaRDD()
                    .repartition(1)
                    .collect();
        } finally {
            context.setLocalProperty(INTERRUPT, before);
        }
    }

    private static TrainingResult result(Outcome outcome) {
        return switch (outcome.ending()) {
            case DONE -> outcome.result();
            case MISTAKE -> throw new InvalidInputException(outcome.message(), outcome.failure());
            case FAILURE -> throw new FailedRunException(outcome.message(), outcome.failure());
            case STOPPED -> throw new StoppedException(outcome.message());
        };
    }

    /**
     * Runs one task. Losing a peer is thrown, so that Spark retries the stage; a failure that would repeat is returned.
     */
    private static Outcome attempt(Setup setup) {
        BarrierTaskContext task = BarrierTaskContext.get();
        StageMessages talk = new StageMessages(task, setup.timeout());
        int rank = task.partitionId();
        try {
            Optional<String> complaint = talk.complaint(setup.worker()::verifyPlace);
            // in a later attempt it is not the user's mistake: the folder was visible before
            if (complaint.isPresent()) {
                Ending ending = task.stageAttemptNumber() == 0 ? Ending.MISTAKE : Ending.FAILURE;
                return new Outcome(rank, ending, null, complaint.get(), null);
            }
            Optional<Outcome> outcome = outcome(setup, task, talk);
            if (outcome.isPresent()) {
                talk.end(outcome.get().message());
            }
            return outcome.orElse(Outcome.done(rank, null)); // another task's outcome has the reason
        } catch (Exception e) {
            throw new WorkerFailedException(rank, e);
        }
    }

    /** Runs the worker; empty when it lost another worker whose outcome has the reason. */
    private static Optional<Outcome> outcome(Setup setup, BarrierTaskContext task, StageMessages talk)
            throws Exception {
        int rank = task.partitionId();
        try {
            return Optional.of(Outcome.done(rank, train(setup, task)));
        } catch (PermanentException e) {
            return Optional.of(Outcome.of(rank, e));
        } catch (StoppedException e) {
            return Optional.of(new Outcome(rank, Ending.STOPPED, null, e.getMessage(), null));
        } catch (Exception e) {
            if (talk.reasonOfLoss().isEmpty()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private static TrainingResult train(Setup setup, BarrierTaskContext task) throws Exception {
        SparkEnv environment = SparkEnv.get();
        String host = environment.blockManager().blockManagerId().host();
        try (ServerSocketChannel own = ListeningAddress.listen(environment)) {
            int port = ((InetSocketAddress) own.getLocalAddress()).getPort();
            String[] peers = task.allGather(environment.executorId() + "|" + host + "|" + port);
            List<InetSocketAddress> addresses = Arrays.stream(peers)
                    .map(peer -> peer.split("\\|"))
                    .map(parts -> new InetSocketAddress(parts[1], Integer.parseInt(parts[2])))
                    .toList();
            long beside = Arrays.stream(peers)
                    .filter(peer -> peer.startsWith(environment.executorId() + "|"))
                    .count();
            byte[] secret = secret(setup.driver().secret(), task.stageAttemptNumber());
            try (Collective ring = Ring.connect(task.partitionId(), addresses, own, secret, setup.timeout())) {
                return withListener(setup, ring, GivenCores.ofWorker(beside));
            }
        }
    }

    private static TrainingResult withListener(Setup setup, Collective ring, int threads) throws Exception {
        try (ProgressServer.Driver driver = ProgressServer.connect(setup.driver())) {
            ProgressListener listener = ring.rank() == 0 ? driver : ProgressListener.silent();
            TrainingResult result = setup.worker().run(new Context(ring, listener, driver::hasSaidStop, threads));
            return ring.rank() == 0 ? result : result.withoutPredictions();
        }
    }

    /** A secret for each attempt, so that a worker left over from an earlier attempt is refused. */
    private static byte[] secret(byte[] secret, int attempt) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(secret);
        return digest.digest((" " + attempt).getBytes(StandardCharsets.UTF_8));
    }
}
