package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.YamlText;
import dev.temper.run.EvaluationRun;
import dev.temper.run.RunEnvironment;
import dev.temper.run.RunVersion;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.ClassifyText;
import dev.temper.spark.GenerateText;
import dev.temper.spark.ModelStage;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.Format;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * What {@link SupervisedFineTuning} trained: a folder that a run has written. It classifies as {@link ClassifyText}
 * does, or generates as {@link GenerateText} does, by the recipe's {@code generation}. An adapter needs its base where
 * it was when it was trained.
 */
public final class FineTunedModel extends Model<FineTunedModel> implements MLWritable {
    /** In the metadata of a transformed column: whose rows they are. */
    static final String MODEL = "temper.model";

    private static final long serialVersionUID = 1L;
    private static final String JOINED = "_joined_text";

    private final String uid;
    private final String place;
    private final String run;
    private final TreeMap<String, Double> metrics;
    private final Param<String> inputCol;
    private final BooleanParam evaluateOnly;

    private FineTunedModel(String uid, String place, String run, Map<String, Double> metrics) {
        this.uid = uid;
        this.place = place;
        this.run = run;
        this.metrics = new TreeMap<>(metrics);
        this.inputCol = new Param<>(this, "inputCol", "column with the text; empty: the recipe's prompt or text");
        this.evaluateOnly =
                new BooleanParam(this, "evaluateOnly", "transform adds nothing: its rows go to FineTuningEvaluator");
        setDefault(inputCol, "");
        setDefault(evaluateOnly, false);
    }

    static String newUid() {
        return Identifiable$.MODULE$.randomUID("fineTunedModel");
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
            check(folder.has(modelFolder(recipe)), "%s", noModel(location).getMessage());
        } catch (InvalidInputException | IOException e) {
            throw noModel(location);
        }
        Map<String, Double> metrics = new TreeMap<>();
        for (Row row : spark.read()
                .parquet(folder.location("metrics"))
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

    /** Reads a model that {@link #write} saved; Spark looks for it by this name. */
    public static MLReader<FineTunedModel> read() {
        return new Reader();
    }

    /** A model that {@link #write} saved, or the output of {@code temper run}. */
    public static FineTunedModel load(String location) {
        return read().load(location);
    }

    @Override
    public MLWriter write() {
        return new ModelWriter(this, place);
    }

    /** The folder that transformers opens, or PEFT where an adapter was trained. */
    public String folder() {
        return place + "/" + modelFolder(recipe());
    }

    /** The page with curves and tables that the run has written. */
    public String report() {
        return place + "/report.html";
    }

    /** The last value of each metric, such as {@code eval/loss}. */
    public Map<String, Double> metrics() {
        return Collections.unmodifiableMap(metrics);
    }

    /** All that the run has written. */
    String place() {
        return place;
    }

    private static String modelFolder(Recipe recipe) {
        return recipe.adapter().isPresent() ? "adapter" : "model";
    }

    private Recipe recipe() {
        return RecipeFile.ofResolved((ObjectNode) YamlText.parse(run, place));
    }

    public FineTunedModel setInputCol(String name) {
        set(inputCol.name(), name);
        return this;
    }

    public FineTunedModel setEvaluateOnly(boolean value) {
        set(evaluateOnly.name(), value);
        return this;
    }

    /**
     * Appends {@code generation}; of a classifier {@code prediction}, {@code predicted_label} and {@code probability}.
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Recipe recipe = recipe();
        Dataset<Row> rows = dataset.toDF();
        if (!$(evaluateOnly).equals(true)) {
            try {
                rows = answered(rows, recipe);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        String first = rows.columns()[0];
        MetadataBuilder marked = new MetadataBuilder()
                .withMetadata(rows.schema().fields()[0].metadata())
                .putString(MODEL, place);
        return rows.withMetadata(first, marked.build());
    }

    private Dataset<Row> answered(Dataset<Row> rows, Recipe recipe) throws IOException {
        List<String> inputs = inputs(recipe);
        if (inputs.size() == 1) {
            return stage(recipe, inputs.get(0)).transform(rows);
        }
        for (String input : inputs) {
            check(List.of(rows.columns()).contains(input), "%s: there is no column %s", uid, input);
        }
        Column joined = functions.col(quoted(inputs.get(0)));
        for (String input : inputs.subList(1, inputs.size())) {
            joined = functions.concat(joined, functions.lit(recipe.data().separator()), functions.col(quoted(input)));
        }
        return stage(recipe, JOINED).transform(rows.withColumn(JOINED, joined)).drop(JOINED);
    }

    private static String quoted(String column) {
        return "`" + column.replace("`", "``") + "`";
    }

    private List<String> inputs(Recipe recipe) {
        if (!$(inputCol).isEmpty()) {
            return List.of($(inputCol));
        }
        Format format = recipe.data().format();
        check(
                format.asked().isPresent(),
                "%s: rows of the format %s have no column with the text to answer: name one with setInputCol",
                uid,
                format.label());
        String role = format.asked().get();
        return recipe.data().columns().getOrDefault(role, List.of(role));
    }

    private ModelStage<?> stage(Recipe recipe, String input) throws IOException {
        ModelStage<?> stage = Answers.of(recipe).stage(recipe, folder());
        stage.setInputCol(input);
        if (recipe.adapter().isPresent()) {
            stage.setModelFolder(recipe.model().base()).setAdapterFolder(folder());
        } else {
            stage.setModelFolder(folder());
        }
        recipe.cluster().localDir().ifPresent(stage::setLocalFolder);
        return stage;
    }

    /**
     * Measures the model on rows with the recipe's columns, as its run measures it.
     *
     * @return by name, such as {@code eval/loss}
     */
    public Map<String, Double> evaluate(Dataset<?> rows) {
        SparkSession spark = rows.sparkSession();
        return OneAtATime.run(() -> {
            RunEnvironment environment = RunEnvironment.within(spark, RunVersion.parts(), new LoggedRun())
                    .with(GivenRows.toEvaluate(rows).tables());
            Map<String, Double> scores = new TreeMap<>();
            EvaluationRun.evaluate(environment, evaluation(spark), Optional.empty())
                    .scores()
                    .forEach((name, value) -> scores.put("eval/" + name, value));
            return scores;
        });
    }

    /** The recipe of an evaluation of this model alone. */
    private Recipe evaluation(SparkSession spark) {
        ObjectNode tree = (ObjectNode) YamlText.parse(run, place);
        tree.put("output", place);
        if (tree.has("adapter")) {
            tree.putObject("adapter").put("init_from", folder());
        } else {
            tree.withObject("/model").put("base", folder());
        }
        ObjectNode data = tree.withObject("/data");
        data.remove(List.of("max_train_rows", "max_eval_rows", "balance_by", "eval_fraction", "prepared"));
        data.putObject("train").put("dataframe", GivenRows.TRAIN);
        data.putObject("eval").put("dataframe", GivenRows.EVAL);
        if (!spark.sparkContext().isLocal()) {
            data.put("prepared", place + "/" + RunOutput.PREPARED); // which all executors see
        }
        JsonNode generation = tree.path("generation");
        if (generation.isObject()) {
            ((ObjectNode) generation).remove("prompts");
        }
        return RecipeFile.ofResolved(tree);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Recipe recipe = recipe();
        inputs(recipe)
                .forEach(input -> check(
                        List.of(schema.fieldNames()).contains(input),
                        "%s: there is no column %s, only %s",
                        uid,
                        input,
                        String.join(", ", schema.fieldNames())));
        return $(evaluateOnly).equals(true) ? schema : Answers.of(recipe).appended(schema);
    }

    @Override
    public FineTunedModel copy(ParamMap extra) {
        FineTunedModel copy = new FineTunedModel(uid, place, run, metrics);
        return copyValues(copy, extra).setParent(parent());
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> inputCol() {
        return inputCol;
    }

    public BooleanParam evaluateOnly() {
        return evaluateOnly;
    }

    /** Outputs of runs, too, which have no metadata of Spark. */
    private static final class Reader extends MLReader<FineTunedModel> {
        @Override
        public FineTunedModel load(String path) {
            SparkSession spark = sparkSession();
            FineTunedModel model = open(spark, path, newUid());
            if (!ModelWriter.hasMetadata(spark, path)) {
                return model;
            }
            DefaultParamsReader.Metadata metadata =
                    DefaultParamsReader.loadMetadata(path, spark.sparkContext(), FineTunedModel.class.getName());
            FineTunedModel named = new FineTunedModel(metadata.uid(), model.place, model.run, model.metrics);
            metadata.getAndSetParams(named, Option.empty());
            return named;
        }
    }
}
