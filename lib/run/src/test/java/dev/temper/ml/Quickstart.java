package dev.temper.ml;

import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A session, and the quickstart's base and rows. */
final class Quickstart {
    static final Path BASE = file("base");

    private Quickstart() {}

    static SparkSession session() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("temper-ml-tests")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "3")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
    }

    /** The first of {@code train.csv}. */
    static Dataset<Row> rows(int count) {
        return session()
                .read()
                .option("header", true)
                .option("ignoreLeadingWhiteSpace", false)
                .csv(file("train.csv").toString())
                .limit(count);
    }

    /** A few updates of LoRA on them. */
    static SupervisedFineTuning fineTuning(Path output) {
        return new SupervisedFineTuning()
                .setRecipe("generation: {max_new_tokens: 4}")
                .setBase(BASE.toString())
                .setOutput(output.toString())
                .setR(2)
                .setMaxLength(64)
                .setMaxSteps(3)
                .setLearningRate(2e-3)
                .setSaveStrategy("no");
    }

    private static Path file(String name) {
        return Path.of(System.getProperty("temper.root"), "conf", "quickstart", name);
    }
}
