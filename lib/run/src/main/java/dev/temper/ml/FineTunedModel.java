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
import dev.temper.run.RecipeData;
import dev.temper.run.RunEnvironment;
import dev.temper.run.RunVersion;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.ClassifyText;
import dev.temper.spark.GenerateText;
import dev.temper.spark.ModelStage;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
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
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
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
    private static final String ASKED = "_asked";

    private final String uid;
    private final String place;
    private final String run;
    private final TreeMap<String, Double> metrics;
    private final Param<String> inputCol;
    private final BooleanParam evaluateOnly;

    /**
     * @param place the run's output
     * @param run its recipe
     */
    FineTunedModel(String uid, String place, String run, Map<String, Double> metrics) {
        this.uid = uid;
        this.place = place;
        this.run = run;
        this.metrics = new TreeMap<>(metrics);
        this.inputCol = new Param<>(
                this, "inputCol", "column with a text or a list of messages; empty: those of the recipe's format");
        this.evaluateOnly =
                new BooleanParam(this, "evaluateOnly", "transform adds nothing: its rows go to FineTuningEvaluator");
        setDefault(inputCol, "");
        setDefault(evaluateOnly, false);
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

    /** All that was measured while it was trained: {@code step}, {@code name}, {@code value}, {@code time}. */
    public Dataset<Row> history() {
        return history(SparkSession.active(), place);
    }

    static Dataset<Row> history(SparkSession spark, String place) {
        return spark.read().parquet(place + "/metrics");
    }

    static String modelFolder(Recipe recipe) {
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
        AskedRows asked = asked(recipe);
        asked.verify(rows.schema());
        if (asked.isColumn()) {
            return stage(recipe, asked, asked.columns().get(0).name()).transform(rows);
        }
        Dataset<Row> texts = rows.withColumn(ASKED, asked.text(rows));
        if (asked.isPair()) {
            texts = texts.withColumn(AskedRows.PAIR, asked.textPair(rows));
        }
        return stage(recipe, asked, ASKED).transform(texts).drop(ASKED, AskedRows.PAIR);
    }

    private AskedRows asked(Recipe recipe) throws IOException {
        HadoopStore store = HadoopStore.of(SparkSession.active());
        return AskedRows.of(
                uid, RecipeData.of(store, ofFolder(recipe), RecipeData.today()).format(), $(inputCol));
    }

    /** With the tokenizer and the template of what was trained, which sets its variables itself. */
    private Recipe ofFolder(Recipe recipe) {
        Recipe own = recipe.with("model.base", KeyParam.json(folder())).with("data.date", "null");
        return own.data().chatTemplate().equals("none")
                ? own
                : own.with("data.chat_template", "auto").with("data.chat_template_kwargs", "{}");
    }

    private ModelStage<?> stage(Recipe recipe, AskedRows asked, String input) {
        ModelStage<?> stage = Answers.of(recipe).stage(recipe, asked);
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
        if ($(evaluateOnly).equals(true)) {
            return schema;
        }
        try {
            asked(recipe).verify(schema);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Answers.of(recipe).appended(schema);
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
        for (Row row : history(spark, folder.location())
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

    /** Opens models that {@link ModelWriter} wrote, and the outputs of runs, which have no metadata of Spark. */
    private static final class Reader extends MLReader<FineTunedModel> {
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
    }
}
