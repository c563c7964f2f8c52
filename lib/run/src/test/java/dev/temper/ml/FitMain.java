package dev.temper.ml;

import dev.temper.check.InvalidInputException;
import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A program that fits on its cluster: arguments are a table in Parquet, an output, and the project's root. */
public final class FitMain {
    private FitMain() {}

    public static void main(String[] args) {
        System.setProperty("temper.root", args[2]);
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            Dataset<Row> rows = spark.read().parquet(args[0]);
            FineTunedModel model = fineTuning(args[1]).fit(rows);
            System.out.println("model: " + model.folder());
            model.transform(rows.select("prompt").orderBy("prompt").limit(3))
                    .collectAsList()
                    .forEach(row -> System.out.println("answer: " + row.getString(1)));
            System.out.println("loss: " + model.evaluate(rows).get("eval/loss"));
            try {
                fineTuning(args[1]).setWorkers(3).setSeed(7).fit(rows); // the one of before would be found
            } catch (InvalidInputException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    /** Two workers. */
    static SupervisedFineTuning fineTuning(String output) {
        return Quickstart.fineTuning(Path.of(output)).setWorkers(2);
    }
}
