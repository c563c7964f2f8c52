package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.ml.tuning.TrainValidationSplitModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spark ML's searches over our Params. */
@Tag("spark")
final class SweepTest {
    private static final double SMALL = 1e-6;
    private static final double GOOD = 5e-3;

    @TempDir
    private Path folder;

    @Test
    void crossValidatorPicksTheBetterLearningRateReproducibly() throws Exception {
        Dataset<Row> rows = Quickstart.rows(40);

        CrossValidatorModel first = crossValidated(rows, folder.resolve("first"));
        CrossValidatorModel second = crossValidated(rows, folder.resolve("second"));

        assertThat(first.avgMetrics()[1]).isLessThan(first.avgMetrics()[0]);
        FineTunedModel best = (FineTunedModel) first.bestModel();
        assertThat(best.metrics().get("train/learning_rate")).isGreaterThan(SMALL);
        assertThat(second.avgMetrics()).isEqualTo(first.avgMetrics());
        assertThat(weights(folder.resolve("first"))).hasSize(5); // two rates, two folds, and the best on all rows
        assertThat(weights(folder.resolve("second"))).isEqualTo(weights(folder.resolve("first")));
    }

    @Test
    void splitSearchesRateAndRankAndSavesTheBest() throws Exception {
        SupervisedFineTuning fineTuning =
                Quickstart.fineTuning(folder.resolve("output")).setEvaluateOnly(true);
        TrainValidationSplit split = new TrainValidationSplit()
                .setEstimator(fineTuning)
                .setEvaluator(new FineTuningEvaluator().setMetricName("perplexity"))
                .setEstimatorParamMaps(new ParamGridBuilder()
                        .addGrid(fineTuning.learningRate(), new double[] {SMALL, GOOD})
                        .addGrid(fineTuning.r(), new int[] {1, 2})
                        .build())
                .setTrainRatio(0.7)
                .setParallelism(2) // one after the other all the same
                .setSeed(3);

        TrainValidationSplitModel found = split.fit(Quickstart.rows(30));
        found.write().overwrite().save(folder + "/saved");

        double[] metrics = found.validationMetrics();
        assertThat(metrics).hasSize(4);
        Set<Double> good = new HashSet<>();
        ParamMap[] maps = split.getEstimatorParamMaps();
        for (int i = 0; i < maps.length; i++) {
            if (maps[i].get(fineTuning.learningRate()).get().equals(GOOD)) {
                good.add(metrics[i]);
            }
        }
        assertThat(good).hasSize(2);
        assertThat(Stream.of(metrics[0], metrics[1], metrics[2], metrics[3])
                        .sorted()
                        .limit(2))
                .containsExactlyInAnyOrderElementsOf(good);
        FineTunedModel loaded = (FineTunedModel)
                TrainValidationSplitModel.load(folder + "/saved").bestModel();
        assertThat(loaded.metrics()).isEqualTo(((FineTunedModel) found.bestModel()).metrics());
        assertThat(new FineTuningEvaluator().isLargerBetter()).isFalse();
        assertThat(new FineTuningEvaluator().setMetricName("eval/accuracy").isLargerBetter())
                .isTrue();
    }

    private static CrossValidatorModel crossValidated(Dataset<Row> rows, Path output) {
        SupervisedFineTuning fineTuning = Quickstart.fineTuning(output).setEvaluateOnly(true);
        return new CrossValidator()
                .setEstimator(fineTuning)
                .setEvaluator(new FineTuningEvaluator())
                .setEstimatorParamMaps(new ParamGridBuilder()
                        .addGrid(fineTuning.learningRate(), new double[] {SMALL, GOOD})
                        .build())
                .setNumFolds(2)
                .setSeed(5)
                .fit(rows);
    }

    /** By the names of the fits' folders. */
    private static Map<String, List<Byte>> weights(Path output) throws Exception {
        Map<String, List<Byte>> weights = new TreeMap<>();
        try (Stream<Path> fits = Files.list(output)) {
            for (Path fit : fits.toList()) {
                byte[] bytes = Files.readAllBytes(fit.resolve("adapter/adapter_model.safetensors"));
                weights.put(fit.getFileName().toString(), boxed(bytes));
            }
        }
        return weights;
    }

    private static List<Byte> boxed(byte[] bytes) {
        Byte[] boxed = new Byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            boxed[i] = bytes[i];
        }
        return List.of(boxed);
    }
}
