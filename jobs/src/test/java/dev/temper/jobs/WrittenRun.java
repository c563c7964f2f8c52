package dev.temper.jobs;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The tables of a finished run, read by Spark in this JVM. */
record WrittenRun(SparkSession spark, String output) {
    /** One session for all tests of this module. */
    static SparkSession session() {
        return SparkSession.builder()
                .master("local[1]")
                .appName("temper-jobs-tests")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
    }

    /** The values of one metric by step. */
    Map<Long, Double> metric(String name) {
        Map<Long, Double> values = new TreeMap<>();
        for (Row row : spark.read()
                .parquet(output + "/metrics")
                .where("name = '" + name + "'")
                .collectAsList()) {
            values.put(row.<Long>getAs("step"), row.<Double>getAs("value"));
        }
        return values;
    }

    long generations() {
        return spark.read().parquet(output + "/evaluation/generations").count();
    }

    long rejected() {
        return spark.read().parquet(output + "/rejected").count();
    }
}
