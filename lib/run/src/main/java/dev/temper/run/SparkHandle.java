package dev.temper.run;

import org.apache.spark.sql.SparkSession;

/**
 * A session of Spark in use.
 *
 * @param isOwn whether it ends with this use
 */
public record SparkHandle(SparkSession spark, boolean isOwn) implements AutoCloseable {
    @Override
    public void close() {
        if (isOwn) {
            spark.stop();
        }
    }
}
