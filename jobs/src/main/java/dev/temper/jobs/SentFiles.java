package dev.temper.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/** Files that spark-submit was given by {@code --files}: where they lie before there is a Spark to ask. */
final class SentFiles {
    private SentFiles() {}

    /** Where a file of this name was sent from, unless it lies in the working directory; otherwise the same. */
    static String find(SparkConf conf, String name) {
        if (name.isBlank() || name.contains("/") || Files.exists(Path.of(name))) {
            return name;
        }
        return Stream.of("spark.files", "spark.yarn.dist.files")
                .flatMap(key -> Arrays.stream(conf.get(key, "").split(",")))
                .map(String::strip)
                .filter(file -> name.equals(file.replaceAll(".*[/#]", "")))
                .findFirst()
                .map(file -> file.replaceAll("#[^#/]*$", ""))
                .orElse(name);
    }
}
