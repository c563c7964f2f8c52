package dev.temper.jobs;

import dev.temper.spark.ClusterCheck;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Spark's session: on the cluster that spark-submit names, or on this machine. */
final class ClusterSession {
    private ClusterSession() {}

    /** @throws IllegalStateException when the cluster's master does not answer */
    static SparkSession start(Recipe recipe) {
        SparkConf conf = new SparkConf();
        ClusterCheck.verifyMaster(conf);
        return start(recipe, conf);
    }

    /**
     * For a recipe's workers.
     *
     * @throws dev.temper.check.InvalidInputException when it is certain that they cannot run side by side
     * @throws IllegalStateException when the cluster's master does not answer
     */
    static SparkSession startForWorkers(Recipe recipe) {
        SparkConf conf = new SparkConf();
        ClusterCheck.verify(conf, recipe.cluster().workers());
        return start(recipe, conf);
    }

    /** Without a master on this machine, with a slot for each worker. */
    private static SparkSession start(Recipe recipe, SparkConf conf) {
        SparkSession.Builder builder = SparkSession.builder().appName(recipe.name());
        if (!conf.contains("spark.master")) {
            int slots = Math.max(
                    Runtime.getRuntime().availableProcessors(), recipe.cluster().workers());
            builder.master("local[" + slots + "]")
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.driver.bindAddress", "127.0.0.1")
                    .config("spark.sql.shuffle.partitions", slots)
                    .config("spark.ui.enabled", false);
        }
        return builder.config("spark.ui.showConsoleProgress", false).getOrCreate();
    }
}
