package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.inference.Classification;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TextPair;
import dev.temper.model.Architecture;
import dev.temper.model.Task;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.LabelFormat;
import dev.temper.text.RowTokenizer;
import dev.temper.text.TextKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A Spark ML transformer that classifies a text column. Appends {@code prediction} (the index of the class, a double as
 * in Spark ML), {@code predicted_label} (its name) and {@code probability} (a vector over all classes). Of a regression
 * {@code prediction} is the number, and the others are null; of several labels {@code predicted_label} has those above
 * one half with semicolons between them, and {@code prediction} is null. All three are null where a text is null or has
 * no tokens. With {@link #setTextPairCol} each row is a pair of texts.
 */
public final class ClassifyText extends ModelStage<ClassifyText> {
    private static final long serialVersionUID = 1L;

    private final Param<String> textPairCol;
    private final Param<String> predictionCol;
    private final Param<String> predictedLabelCol;
    private final Param<String> probabilityCol;
    private final Param<String> task;
    private final StringArrayParam labels;
    private final IntParam maxLength;

    public ClassifyText() {
        this(Identifiable$.MODULE$.randomUID("classifyText"));
    }

    public ClassifyText(String uid) {
        super(uid);
        this.textPairCol = new Param<>(this, "textPairCol", "column with the second text of a pair; empty: none");
        this.predictionCol = new Param<>(this, "predictionCol", "column for the number of the class");
        this.predictedLabelCol = new Param<>(this, "predictedLabelCol", "column for the name of the class");
        this.probabilityCol = new Param<>(this, "probabilityCol", "column for the probabilities of all classes");
        this.task = new Param<>(this, "task", "what the adapter's head was trained for, where labels name its classes");
        this.labels = new StringArrayParam(
                this, "labels", "classes of the adapter's head, where the model has none; in order");
        this.maxLength = new IntParam(
                this, "maxLength", "tokens at which a text is cut; 0: the model's positions", ParamValidators.gtEq(0));
        setDefault(textPairCol, "");
        setDefault(predictionCol, "prediction");
        setDefault(predictedLabelCol, "predicted_label");
        setDefault(probabilityCol, "probability");
        setDefault(task, StageColumns.name(Task.SEQUENCE_CLASSIFICATION));
        setDefault(labels, new String[0]);
        setDefault(maxLength, 0);
    }

    /** Reads a stage that {@link #write} saved. Spark calls this method by reflection. */
    public static MLReader<ClassifyText> read() {
        return new DefaultParamsReader<>();
    }

    /** Column with the second texts, for a model that was trained on pairs; the first ones are in {@code inputCol}. */
    public ClassifyText setTextPairCol(String value) {
        return with(textPairCol, value);
    }

    public ClassifyText setPredictionCol(String value) {
        return with(predictionCol, value);
    }

    public ClassifyText setPredictedLabelCol(String value) {
        return with(predictedLabelCol, value);
    }

    public ClassifyText setProbabilityCol(String value) {
        return with(probabilityCol, value);
    }

    /** @param value what the adapter's head was trained for; without labels it is that of the model */
    public ClassifyText setTask(Task value) {
        return with(task, StageColumns.name(value));
    }

    /**
     * Names of the classes of an adapter's head, in the order of training; only needed where the model's config has
     * none.
     */
    public ClassifyText setLabels(String... names) {
        return with(labels, names);
    }

    /** Tokens at which a text is truncated; 0: the model's maximum number of positions. */
    public ClassifyText setMaxLength(int value) {
        return with(maxLength, value);
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        int[] texts = texts(dataset.schema());
        StageColumns.Appended appended = appended(dataset.schema());
        HadoopStore store = HadoopStore.of(dataset.sparkSession());
        Task told = StageColumns.value(Task.class, $(task));
        SharedModel model = model(store, told, List.of($(labels)), (Integer) $(maxLength));
        check(
                $(labels).length == 0 || !model.settings().adapter().isEmpty(),
                "%s: labels are for an adapter's head, and there is no adapterFolder",
                uid());
        check(
                $(labels).length > 0 || architecture(model).classifier().isPresent(),
                "%s holds no classifier%s",
                model.settings().model(),
                model.settings().adapter().isEmpty() ? "" : ": name the classes of the adapter's head as labels");
        looked(() -> verified(model));
        Classify classify = new Classify(model, texts, appended);
        return dataset.toDF().mapPartitions(classify, Encoders.row(appended.schema()));
    }

    /** Checks the model on the driver, so that a mistake does not only show in a task. */
    private RowTokenizer verified(SharedModel model) throws IOException {
        Architecture architecture = model.files().verify();
        int wanted = model.settings().maxLength();
        int maxLength = TextClassifier.maxLength(
                architecture, model.settings().model(), wanted > 0 ? OptionalInt.of(wanted) : OptionalInt.empty());
        int vocabulary = architecture.sizes().vocabulary();
        if (!$(textPairCol).isEmpty()) {
            TextPair.verify(model.tokenizer(), architecture);
        }
        return new RowTokenizer(model.tokenizer(), TextKind.CLASSIFIED, maxLength, TooLong.TRUNCATE, vocabulary);
    }

    /** Where the texts are: one column, or two. */
    private int[] texts(StructType schema) {
        return $(textPairCol).isEmpty()
                ? new int[] {input(schema)}
                : new int[] {input(schema), text(schema, $(textPairCol))};
    }

    @Override
    public StructType transformSchema(StructType schema) {
        texts(schema);
        return appended(schema).schema();
    }

    private StageColumns.Appended appended(StructType schema) {
        return appended(
                schema,
                new StructType()
                        .add($(predictionCol), DataTypes.DoubleType)
                        .add($(predictedLabelCol), DataTypes.StringType)
                        .add($(probabilityCol), SQLDataTypes.VectorType()));
    }

    public Param<String> textPairCol() {
        return textPairCol;
    }

    public Param<String> predictionCol() {
        return predictionCol;
    }

    public Param<String> predictedLabelCol() {
        return predictedLabelCol;
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    public Param<String> task() {
        return task;
    }

    public StringArrayParam labels() {
        return labels;
    }

    public IntParam maxLength() {
        return maxLength;
    }

    /** @param texts the column of the texts, and that of the second ones of pairs */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Classify(SharedModel model, int[] texts, StageColumns.Appended appended)
            implements MapPartitionsFunction<Row, Row> {
        /** Rows per batch: enough that many have a similar length. */
        private static final int WINDOW = 512;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            return new RowWindows(rows, WINDOW, this::classified);
        }

        private List<Row> classified(List<Row> rows) {
            TextClassifier classifier = model.classifier();
            List<Row> whole = rows.stream().filter(this::isWhole).toList();
            Iterator<Optional<Classification>> results =
                    results(classifier, whole).iterator();
            return rows.stream()
                    .map(row -> {
                        Optional<Classification> result = isWhole(row) ? results.next() : Optional.empty();
                        return result.isEmpty() ? appended.row(row) : row(row, result.get(), classifier);
                    })
                    .toList();
        }

        private boolean isWhole(Row row) {
            return Arrays.stream(texts).noneMatch(row::isNullAt);
        }

        private List<Optional<Classification>> results(TextClassifier classifier, List<Row> rows) {
            return texts.length == 1
                    ? classifier.tryClassify(
                            rows.stream().map(row -> row.getString(texts[0])).toList())
                    : classifier.tryClassifyPairs(rows.stream()
                            .map(row -> new TextPair(row.getString(texts[0]), row.getString(texts[1])))
                            .toList());
        }

        private Row row(Row row, Classification result, TextClassifier classifier) {
            return switch (classifier.task()) {
                case REGRESSION -> appended.row(row, result.score());
                case MULTI_LABEL_CLASSIFICATION -> appended.row(
                        row,
                        null,
                        String.join(LabelFormat.SEPARATOR, result.labels()),
                        Vectors.dense(result.probabilities()));
                default -> appended.row(
                        row,
                        (double) classifier.labels().indexOf(result.label()),
                        result.label(),
                        Vectors.dense(result.probabilities()));
            };
        }
    }
}
