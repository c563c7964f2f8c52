package dev.temper.spark;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** Classifies texts on all executors, with a model that each loads for itself. */
public final class ScoreTextsMain {
    private ScoreTextsMain() {}

    public static List<String> texts() {
        return IntStream.range(0, 60).mapToObj(i -> "text " + i * 7919 % 100).toList();
    }

    /** Argument: the folder of a classifier. */
    public static void main(String[] args) {
        try (SparkSession spark = SparkSession.builder().appName("score").getOrCreate()) {
            Dataset<Row> rows = spark.createDataset(texts(), Encoders.STRING())
                    .toDF("text")
                    .repartitionByRange(4, functions.col("text"));
            List<Row> scored = new ClassifyText()
                    .setModelFolder(args[0])
                    .transform(rows)
                    .orderBy("text")
                    .collectAsList();
            System.out.println("scored "
                    + scored.stream()
                            .map(row -> row.<String>getAs("text") + "=" + row.<String>getAs("predicted_label"))
                            .collect(Collectors.joining(",")));
        }
    }
}
