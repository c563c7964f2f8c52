package dev.temper.spark.cluster;

import dev.temper.spark.storage.StoreProbe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.DeployMessages.MasterStateResponse;
import org.apache.spark.deploy.DeployMessages.RequestMasterState$;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.rpc.RpcAddress;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import scala.reflect.ClassTag$;

/**
 * Asks the master of a standalone cluster for its resources before a session is created. A session would try a dead
 * master for a minute, and would wait forever for executors that no worker can start.
 */
final class StandaloneMaster {
    static final String SCHEME = "spark://";
    private static final Duration LIMIT = Duration.ofSeconds(6);

    private StandaloneMaster() {}

    /** A live worker of the cluster, with its total cores and memory. */
    record Machine(int cores, int megabytes) {}

    /**
     * The machines of the cluster; empty when several masters elect a leader, or the master runs another version of
     * Spark.
     *
     * @throws IllegalStateException when no master answers
     */
    static Optional<List<Machine>> machines(SparkConf conf) {
        String url = conf.get("spark.master");
        List<String> addresses = Arrays.stream(url.substring(SCHEME.length()).split(","))
                .map(address -> SCHEME + address.strip())
                .toList();
        String limit = Math.max(3, LIMIT.toSeconds() / addresses.size()) + "s";
        SparkConf hasty = conf.clone();
        for (String key : List.of(
                "spark.rpc.lookupTimeout",
                "spark.rpc.askTimeout",
                "spark.rpc.io.connectionTimeout",
                "spark.rpc.io.connectionCreationTimeout")) {
            hasty.set(key, limit);
        }
        SecurityManager security = new SecurityManager(
                hasty, SecurityManager.$lessinit$greater$default$2(), SecurityManager.$lessinit$greater$default$3());
        RpcEnv network = RpcEnv.create("temper", "localhost", 0, hasty, security, true);
        List<String> failures = new ArrayList<>();
        try {
            for (String address : addresses) {
                Optional<List<Machine>> found = ask(network, address, failures);
                if (found.isPresent()) {
                    return found;
                }
            }
        } finally {
            network.shutdown();
        }
        if (failures.size() < addresses.size()) {
            return Optional.empty();
        }
        throw new IllegalStateException(
                "the master %s does not answer: %s; start it, or set --master to the URL on its page"
                        .formatted(url, String.join("; ", failures)));
    }

    /**
     * Asks one master; empty when it is not the leader or its answer cannot be read. If nothing answers at the address,
     * the failure is added to the list.
     */
    private static Optional<List<Machine>> ask(RpcEnv network, String address, List<String> failures) {
        RpcEndpointRef master;
        try {
            master = network.setupEndpointRef(RpcAddress.fromSparkURL(address), Master.ENDPOINT_NAME());
        } catch (Exception e) { // Scala throws checked exceptions that it does not declare
            failures.add(StoreProbe.reason(e));
            return Optional.empty();
        }
        try {
            MasterStateResponse state =
                    master.askSync(RequestMasterState$.MODULE$, ClassTag$.MODULE$.apply(MasterStateResponse.class));
            return state.status().toString().equals("ALIVE")
                    ? Optional.of(Arrays.stream(state.workers())
                            .filter(worker -> worker.isAlive())
                            .map(worker -> new Machine(worker.cores(), worker.memory()))
                            .toList())
                    : Optional.empty();
        } catch (Exception e) { // the master runs a version of Spark whose answer cannot be read
            return Optional.empty();
        }
    }
}
