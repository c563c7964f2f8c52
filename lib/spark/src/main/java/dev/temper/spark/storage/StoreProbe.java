package dev.temper.spark.storage;

import static dev.temper.check.Check.invalid;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Checks, once per process and with time-outs of seconds, that a store answers at all. With the user's own settings
 * Hadoop's clients retry for many minutes, which is right during work, when a store that was there may come back.
 */
public final class StoreProbe {
    private static final Set<String> ANSWERED = ConcurrentHashMap.newKeySet();
    private static final Duration LIMIT = Duration.ofSeconds(8); // no further attempt starts after that
    private static final String NOBODYS = "/temper-asks-whether-anybody-is-there";
    private static final String S3A = "fs.s3a";
    private static final Map<String, Map<String, String>> HASTY = Map.of(
            "s3a",
            Map.of(
                    S3A + ".connection.establish.timeout", "3000",
                    S3A + ".connection.timeout", "2000",
                    S3A + ".attempts.maximum", "0",
                    S3A + ".retry.limit", "0",
                    S3A + ".retry.throttle.limit", "0"),
            "hdfs",
            Map.of(
                    "ipc.client.connect.timeout", "3000",
                    "ipc.client.connect.max.retries", "0",
                    "ipc.client.connect.max.retries.on.timeouts", "0",
                    "ipc.client.rpc-timeout.ms", "2000",
                    "dfs.client.failover.max.attempts", "2",
                    "dfs.client.failover.sleep.max.millis", "500"));

    private StoreProbe() {}

    /**
     * Returns at once for a store that has answered before, and for one whose client cannot be configured here.
     *
     * @throws dev.temper.check.InvalidInputException when nothing answers
     */
    static void verify(Path path, Configuration configuration) {
        URI uri = path.toUri();
        String store = uri.getScheme() + "://" + uri.getAuthority();
        if (HASTY.containsKey(uri.getScheme()) && !ANSWERED.contains(store)) {
            ask(path, hasty(uri, configuration));
            ANSWERED.add(store);
        }
    }

    private static Configuration hasty(URI uri, Configuration configuration) {
        Configuration hasty = new Configuration(configuration);
        HASTY.get(uri.getScheme()).forEach((key, value) -> {
            hasty.set(key, value);
            if (key.startsWith(S3A)) { // settings of a bucket precede general ones
                hasty.set(S3A + ".bucket." + uri.getHost() + key.substring(S3A.length()), value);
            }
        });
        return hasty;
    }

    private static void ask(Path path, Configuration hasty) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try (FileSystem files = FileSystem.newInstance(path.toUri(), hasty)) {
                files.open(new Path(path, NOBODYS)).close(); // S3A requests the head of one object and lists nothing
                return;
            } catch (IOException e) {
                if (!isSilence(e)) {
                    return; // the store has answered; the caller's own request reports errors
                }
                if (System.nanoTime() > deadline) {
                    throw invalid("nothing answers for %s: %s; %s", path, reason(e), advice(path, hasty));
                }
            }
            pause();
        }
    }

    /** Whether a failure is one of the network, and not an answer of the store. */
    private static boolean isSilence(Throwable failure) {
        boolean isSilence = false;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String name = cause.getClass().getSimpleName();
            if (name.startsWith("NoAuth") || name.startsWith("Credential")) {
                return false; // the metadata service of EC2 did not answer
            }
            isSilence |= cause instanceof SocketException
                    || cause instanceof InterruptedIOException // includes time-outs
                    || cause instanceof UnknownHostException
                    || cause instanceof SSLException
                    || cause instanceof EOFException
                    || name.equals("NoHttpResponseException"); // the class is in a package of the SDK
        }
        return isSilence;
    }

    /** Message of the innermost cause, on one line. */
    public static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        return cause.getClass().getSimpleName() + " " + message;
    }

    private static String advice(Path path, Configuration configuration) {
        if (!path.toUri().getScheme().equals("s3a")) {
            return "start it, or name another address";
        }
        String own = S3A + ".bucket." + path.toUri().getHost() + ".endpoint";
        String key = configuration.get(own) == null ? S3A + ".endpoint" : own;
        String endpoint = configuration.get(key, "");
        return endpoint.isEmpty()
                ? "set spark.hadoop." + key + " where it is not Amazon's"
                : "spark.hadoop." + key + " is " + endpoint;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while asking a store", e);
        }
    }
}
