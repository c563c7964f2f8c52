package dev.temper.ml;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Secrets;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.recipe.RecipeLocations;
import dev.temper.recipe.RecipeTree;
import dev.temper.run.RecipeData;
import dev.temper.run.RunEnvironment;
import dev.temper.run.RunVersion;
import dev.temper.run.TrainingRun;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Hashes;
import dev.temper.text.InputColumn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a language model on a DataFrame, by a recipe.
 *
 * <p>Each fit writes what {@code temper run} writes, into a folder of its own below {@code output}, which is named by
 * what the model follows from: the recipe and the rows. So the fits of a sweep do not meet; the same fit again finds
 * its model, or goes on where it was interrupted. The rows are read more than once and must be the same each time.
 */
public final class SupervisedFineTuning extends CommonParams<SupervisedFineTuning> implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;
    private static final String NONE = "";

    private final Param<String> recipe;
    private final Param<String> output;
    private final Param<String> validationIndicatorCol;
    private final BooleanParam evaluateOnly;

    public SupervisedFineTuning() {
        this(Identifiable$.MODULE$.randomUID("supervisedFineTuning"));
    }

    public SupervisedFineTuning(String uid) {
        super(uid);
        this.recipe = new Param<>(this, "recipe", "a recipe in YAML, without data.train");
        this.output = new Param<>(this, "output", "location of the folder below which each fit has its own");
        this.validationIndicatorCol =
                new Param<>(this, "validationIndicatorCol", "boolean column, true in rows to evaluate on; empty: none");
        this.evaluateOnly = new BooleanParam(
                this, "evaluateOnly", "the model's transform adds nothing: its rows go to FineTuningEvaluator");
        setDefault(recipe, "{}");
        setDefault(validationIndicatorCol, NONE);
        setDefault(evaluateOnly, false);
    }

    /** Reads a stage that {@link #write} saved; Spark looks for it by this name. */
    public static MLReader<SupervisedFineTuning> read() {
        return new DefaultParamsReader<>();
    }

    public static SupervisedFineTuning load(String location) {
        return read().load(location);
    }

    /** A recipe in YAML; Params that are set win over its keys. */
    public SupervisedFineTuning setRecipe(String yaml) {
        RecipeTree.read(yaml, "recipe", List.of()); // says at once what is wrong with it
        return with(recipe, yaml);
    }

    /** The same as nested maps. */
    public SupervisedFineTuning setRecipe(Map<String, ?> tree) {
        return setRecipe(KeyParam.json(tree));
    }

    public SupervisedFineTuning setOutput(String location) {
        Secrets.refuse("output", location);
        return with(output, location);
    }

    public SupervisedFineTuning setValidationIndicatorCol(String name) {
        return with(validationIndicatorCol, name);
    }

    /** True: the model's transform adds nothing, which saves a sweep the time of answers that nobody reads. */
    public SupervisedFineTuning setEvaluateOnly(boolean value) {
        return with(evaluateOnly, value);
    }

    /**
     * Trains.
     *
     * @throws dev.temper.check.InvalidInputException when recipe, rows or locations are wrong
     */
    @Override
    public FineTunedModel fit(Dataset<?> dataset) {
        verifyOnDriver();
        GivenRows rows = GivenRows.of(dataset, $(validationIndicatorCol));
        return OneAtATime.run(() -> fit(dataset.sparkSession(), rows));
    }

    private FineTunedModel fit(SparkSession spark, GivenRows rows) throws Exception {
        HadoopStore store = HadoopStore.of(spark);
        Recipe whole = recipe(store, rows);
        RecipeData data = verified(spark, whole, rows);
        List<String> columns = new ArrayList<>(
                data.format().inputColumns().stream().map(InputColumn::name).toList());
        whole.data().balanceBy().ifPresent(columns::add);
        String key = Hashes.sha256(RecipeIdentity.hash(whole) + "\n" + rows.hash(columns));
        String place = store.folder(HadoopStore.resolve(whole.output()))
                .child("fit-" + key.substring(0, 16))
                .location();
        RunEnvironment environment = RunEnvironment.within(spark, RunVersion.parts(), new LoggedRun())
                .with(rows.tables());
        TrainingRun.train(environment, whole.with("output", KeyParam.json(place)));
        FineTunedModel model =
                FineTunedModel.open(spark, place, uid()); // the estimator's uid, as Spark's models have it
        return model.setEvaluateOnly($(evaluateOnly).equals(true)).setParent(this);
    }

    private static RecipeData verified(SparkSession spark, Recipe recipe, GivenRows rows) throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        RecipeLocations locations = new RecipeLocations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        RecipeData data = RecipeData.of(store, recipe, RecipeData.today()).with(rows.tables());
        data.verifyTables(spark);
        return data;
    }

    private void verifyOnDriver() {
        check(
                TaskContext.get() == null,
                "%s: fit begins tasks of its own and cannot run inside one: call it on the driver",
                uid());
    }

    /** All of it: the text, the Params over it, and the names of the rows. */
    private Recipe recipe(HadoopStore store, GivenRows rows) {
        List<String> overrides = overrides();
        if (isSet(output)) {
            overrides.add("output=" + KeyParam.json($(output)));
        }
        ObjectNode tree = RecipeTree.read(
                $(recipe), "recipe", overrides, List.of(rows.train().columns()));
        check(tree.path("model").has("base"), "%s: base is not set: name the folder of a model", uid());
        check(tree.has("output"), "%s: output is not set: name a folder for what the fits write", uid());
        ObjectNode data = tree.withObject("/data");
        check(!data.has("train"), "%s: data.train is what fit is given; leave it out of the recipe", uid());
        data.putObject("train").put("dataframe", GivenRows.TRAIN);
        if (!$(validationIndicatorCol).isEmpty()) {
            check(
                    !data.hasNonNull("eval"),
                    "%s: data.eval and validationIndicatorCol exclude each other: leave one of them out",
                    uid());
            data.putObject("eval").put("dataframe", GivenRows.EVAL);
        }
        if (!tree.has("name")) {
            tree.put("name", "fine-tuning");
        }
        return RecipeFile.of(store, tree).anywhere();
    }

    /**
     * What the model's {@code transform} gives of such rows.
     *
     * @throws dev.temper.check.InvalidInputException when recipe or columns are wrong
     */
    @Override
    public StructType transformSchema(StructType schema) {
        SparkSession spark = SparkSession.active();
        try {
            GivenRows rows = GivenRows.of(spark.createDataFrame(List.of(), schema), $(validationIndicatorCol));
            Recipe whole = recipe(HadoopStore.of(spark), rows);
            verified(spark, whole, rows);
            return $(evaluateOnly).equals(true) ? schema : Answers.of(whole).appended(schema);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public SupervisedFineTuning copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    public Param<String> recipe() {
        return recipe;
    }

    public Param<String> output() {
        return output;
    }

    public Param<String> validationIndicatorCol() {
        return validationIndicatorCol;
    }

    public BooleanParam evaluateOnly() {
        return evaluateOnly;
    }
}
