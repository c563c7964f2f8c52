package dev.temper.jobs;

import org.apache.spark.sql.SparkSession;

/**
 * A session of Spark in use.
 *
 * @param isOwn whether it ends with this use
 */
record SparkHandle(SparkSession spark, boolean isOwn) implements AutoCloseable {
    @Override
    public void close() {
        if (isOwn) {
            spark.stop();
        }
    }
}
