package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;
import static dev.temper.check.Check.some;

import java.util.Arrays;
import java.util.Map;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;

/**
 * Measures a fine-tuned model on the rows that its {@code transform} gave, as its run measures it: {@code eval/loss},
 * or any other metric of an evaluation. The rows say which model they went through, and must still have the columns
 * that it was trained on.
 */
public final class FineTuningEvaluator extends Evaluator implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;
    private static final String EVAL = "eval/";

    private final String uid;
    private final Param<String> metricName;

    public FineTuningEvaluator() {
        this(Identifiable$.MODULE$.randomUID("fineTuningEvaluator"));
    }

    public FineTuningEvaluator(String uid) {
        this.uid = uid;
        this.metricName = new Param<>(this, "metricName", "such as eval/loss, eval/accuracy, eval/f1_macro");
        setDefault(metricName, "eval/loss");
    }

    /** Reads an evaluator that {@link #write} saved; Spark looks for it by this name. */
    public static MLReader<FineTuningEvaluator> read() {
        return new DefaultParamsReader<>();
    }

    /** With or without {@code eval/}. */
    public FineTuningEvaluator setMetricName(String name) {
        set(metricName.name(), name);
        return this;
    }

    @Override
    public double evaluate(Dataset<?> rows) {
        String location = Arrays.stream(rows.schema().fields())
                .map(StructField::metadata)
                .filter(metadata -> metadata.contains(FineTunedModel.MODEL))
                .map(metadata -> metadata.getString(FineTunedModel.MODEL))
                .findFirst()
                .orElseThrow(() -> invalid(
                        "%s: these rows do not say which model they went through: hand over what FineTunedModel's"
                                + " transform gave",
                        uid));
        SparkSession spark = rows.sparkSession();
        Map<String, Double> scores = FineTunedModel.open(spark, location, uid).evaluate(rows);
        check(
                scores.containsKey(metric()),
                "%s: metricName %s is not measured; name one of %s",
                uid,
                metric(),
                some(scores.keySet()));
        return scores.get(metric());
    }

    /** As the recipe guesses it: less is better of a loss or a perplexity. */
    @Override
    public boolean isLargerBetter() {
        return !metric().endsWith("loss") && !metric().endsWith("perplexity");
    }

    private String metric() {
        return $(metricName).startsWith(EVAL) ? $(metricName) : EVAL + $(metricName);
    }

    @Override
    public FineTuningEvaluator copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> metricName() {
        return metricName;
    }
}
