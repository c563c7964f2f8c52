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
 * Runs a worker in each task of a barrier stage. The workers find each other through the stage, prove to each other
 * that they belong to this run, and form a ring. The stage ends in a shuffle, since Spark never repeats a barrier stage
 * that is its job's last.
 */
public final class BarrierTraining {
    /** Cancelled tasks are interrupted: some copy gigabytes from a store before they train. */
    private static final String INTERRUPT = "spark.job.interruptOnCancel";

    /** What one task does; travels to the executors. */
    @FunctionalInterface
    public interface Worker extends Serializable {
        TrainingResult run(Context context) throws Exception;

        /**
         * Looks, before anything else, whether this machine sees what it must; asked again in each attempt, as an
         * executor may have been replaced by one on another machine.
         *
         * @throws InvalidInputException when it does not
         */
        default void verifyPlace() throws IOException {}
    }

    /** What one of the tasks of a stage does. */
    interface Task<T> extends Serializable {
        T run();
    }

    /**
     * Where a worker finds itself.
     *
     * @param workers its ring; closed for it
     * @param listener reports to the driver; silent on all workers but the first
     * @param stop whether the driver wants all workers to end early: to be asked now and then once the listener was
     *     told that work has started, with a {@link StoppedException} from all of them as the answer
     * @param threads how many of this machine's cores are its own: {@code spark.task.cpus} where that is set, else its
     *     share of the executor's
     */
    public record Context(Collective workers, ProgressListener listener, BooleanSupplier stop, int threads) {}

    private enum Ending {
        DONE,
        MISTAKE,
        FAILURE,
        STOPPED
    }

    /**
     * A result, or the message of what another attempt would only repeat.
     *
     * @param failure where it came from; null where there is none, or each worker found the same
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

    /** What every task knows from the driver. */
    private record Setup(Worker worker, Duration timeout, ProgressServer.Address driver) implements Serializable {}

    private BarrierTraining() {}

    /**
     * Trains with {@code config.workers()} workers and waits for them.
     *
     * @param interruption ends it: workers that train stop together, others are cancelled
     * @return what each worker brings home, by rank; predictions with the first one alone
     * @throws InvalidInputException when the cluster cannot run that many side by side, or a worker found a mistake
     * @throws FailedRunException when a worker found what another attempt would only repeat
     * @throws IOException when a worker failed in each attempt, with its place, reason and stack trace
     * @throws StoppedException when the workers were asked to stop, and did
     */
    @SuppressWarnings("try") // the answer is there while the block runs, no more
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
            interruption.check(); // asked before there was this answer
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

    /** Runs so many tasks of a barrier stage at the same time, and gives what each answers. */
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

    /** One task. A lost peer is thrown, so that Spark tries the stage again; what would only fail again is not. */
    private static Outcome attempt(Setup setup) {
        BarrierTaskContext task = BarrierTaskContext.get();
        StageTalk talk = new StageTalk(task, setup.timeout());
        int rank = task.partitionId();
        try {
            Optional<String> complaint = talk.complaint(setup.worker()::verifyPlace);
            if (complaint.isPresent()) { // in a later attempt no mistake of the user's: what was seen once has gone
                Ending ending = task.stageAttemptNumber() == 0 ? Ending.MISTAKE : Ending.FAILURE;
                return new Outcome(rank, ending, null, complaint.get(), null);
            }
            Optional<Outcome> outcome = outcome(setup, task, talk);
            if (outcome.isPresent()) {
                talk.end(outcome.get().message());
            }
            return outcome.orElse(Outcome.done(rank, null)); // another's says it all
        } catch (Exception e) {
            throw new WorkerFailedException(rank, e);
        }
    }

    /** Empty when this worker lost another that says why. */
    private static Optional<Outcome> outcome(Setup setup, BarrierTaskContext task, StageTalk talk) throws Exception {
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

    /** A new secret for each attempt, so that a left-over worker of an earlier one is refused. */
    private static byte[] secret(byte[] secret, int attempt) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(secret);
        return digest.digest((" " + attempt).getBytes(StandardCharsets.UTF_8));
    }
}
