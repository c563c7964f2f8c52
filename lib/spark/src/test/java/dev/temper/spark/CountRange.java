package dev.temper.spark;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Counts numbers on executors and says how many executors took part. */
public final class CountRange {
    private CountRange() {}

    public static void main(String[] args) {
        int numbers = Integer.parseInt(args[0]);
        try (SparkSession spark = SparkSession.builder().appName("count").getOrCreate()) {
            JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
            JavaRDD<Integer> rows =
                    context.parallelize(IntStream.range(0, numbers).boxed().toList(), 2);
            List<String> executors = rows.mapPartitions(
                            part -> List.of(SparkEnv.get().executorId()).iterator())
                    .collect();
            System.out.printf(
                    "counted %d on %d executors%n",
                    rows.count(), executors.stream().distinct().count());
        }
    }
}
