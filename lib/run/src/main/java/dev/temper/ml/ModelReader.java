package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** Opens models that {@link ModelWriter} wrote, and the outputs of runs, which have no metadata of Spark. */
final class ModelReader extends MLReader<FineTunedModel> {
    @Override
    public FineTunedModel load(String path) {
        SparkSession spark = sparkSession();
        if (!ModelWriter.hasMetadata(spark, path)) {
            return open(spark, path, Identifiable$.MODULE$.randomUID("fineTunedModel"));
        }
        String name = FineTunedModel.class.getName();
        DefaultParamsReader.Metadata metadata;
        try {
            metadata = DefaultParamsReader.loadMetadata(path, spark.sparkContext(), name);
        } catch (RuntimeException e) { // of another stage, or of nothing
            throw noModel(path);
        }
        FineTunedModel model = open(spark, path, metadata.uid());
        metadata.getAndSetParams(model, Option.empty());
        return model;
    }

    /**
     * Opens what a run has written.
     *
     * @throws InvalidInputException when it is no finished run's folder
     */
    static FineTunedModel open(SparkSession spark, String location, String uid) {
        Folder folder = HadoopStore.of(spark).folder(HadoopStore.resolve(location));
        Recipe recipe;
        try {
            recipe = RunOutput.of(folder).finishedRecipe().orElseThrow(() -> noModel(location));
            check(
                    folder.has(FineTunedModel.modelFolder(recipe)),
                    "%s",
                    noModel(location).getMessage());
        } catch (InvalidInputException | IOException e) {
            throw noModel(location);
        }
        Map<String, Double> metrics = new TreeMap<>();
        for (Row row : FineTunedModel.history(spark, folder.location())
                .select("step", "name", "value")
                .orderBy("step")
                .collectAsList()) {
            metrics.put(row.getString(1), row.getDouble(2));
        }
        return new FineTunedModel(uid, folder.location(), RecipeFile.resolved(recipe), metrics);
    }

    private static InvalidInputException noModel(String location) {
        return invalid(
                "%s holds no model of Temper that can be loaded: name a folder that write().save or a finished run has"
                        + " written",
                location);
    }
}
