package dev.temper.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Counts numbers, in two tasks that wait until a file is there. */
public final class CountRange {
    private CountRange() {}

    public static void main(String[] args) {
        int numbers = Integer.parseInt(args[0]);
        String signal = args[1];
        try (SparkSession spark = SparkSession.builder().appName("count").getOrCreate()) {
            JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
            JavaRDD<Integer> rows =
                    context.parallelize(IntStream.range(0, numbers).boxed().toList(), 2);
            System.out.printf(
                    "counted %d%n",
                    rows.mapPartitions(part -> after(Path.of(signal), part)).count());
        }
    }

    private static Iterator<Integer> after(Path signal, Iterator<Integer> part) {
        Path folder = signal.getParent();
        try (WatchService watch = folder.getFileSystem().newWatchService()) {
            folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            while (!Files.exists(signal)) {
                watch.poll(1, TimeUnit.SECONDS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return part;
    }
}
