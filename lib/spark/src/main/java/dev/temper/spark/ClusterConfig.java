package dev.temper.spark;

import static dev.temper.check.Check.check;

import java.time.Duration;
import java.util.Optional;

/**
 * How many workers train and how long they wait for each other; {@code cluster:} in the recipe.
 *
 * @param workers tasks that train side by side, each with a replica of the model
 * @param collectiveTimeout how long a worker waits for another before the run fails
 * @param localDir folder on each machine for copies of remote weights; a temporary one when empty
 */
public record ClusterConfig(int workers, Duration collectiveTimeout, Optional<String> localDir) {
    public ClusterConfig {
        check(workers > 0, "cluster.workers must be positive, got %d", workers);
        check(
                !collectiveTimeout.isNegative() && !collectiveTimeout.isZero(),
                "cluster.collective_timeout must be positive, got %s",
                collectiveTimeout);
    }
}
