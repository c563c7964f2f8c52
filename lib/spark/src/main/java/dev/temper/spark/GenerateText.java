package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.inference.ChatMessage;
import dev.temper.model.SplitMix;
import dev.temper.model.Task;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.RejectedRowException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A Spark ML transformer that appends {@code generation}, the continuation of a text column without the text itself. It
 * is null where the text is null, has no tokens, or fills all positions of the model. With {@code doSample} the result
 * depends on the seed and on a row's position in its partition.
 */
public final class GenerateText extends ModelStage<GenerateText> {
    private static final long serialVersionUID = 1L;

    private final Param<String> outputCol;
    private final BooleanParam chat;
    private final BooleanParam rendered;
    private final Param<String> system;
    private final Param<String> chatTemplate;
    private final IntParam maxNewTokens;
    private final BooleanParam doSample;
    private final DoubleParam temperature;
    private final IntParam topK;
    private final DoubleParam topP;
    private final DoubleParam minP;
    private final DoubleParam repetitionPenalty;
    private final LongParam seed;

    public GenerateText() {
        this(Identifiable$.MODULE$.randomUID("generateText"));
    }

    public GenerateText(String uid) {
        super(uid);
        this.outputCol = new Param<>(this, "outputCol", "column for the continuation");
        this.chat = new BooleanParam(this, "chat", "answer the text as a user's message, by the chat template");
        this.rendered =
                new BooleanParam(this, "rendered", "the text is what a chat template wrote, with its special tokens");
        this.system = new Param<>(this, "system", "system message in front of it; empty: none");
        this.chatTemplate = new Param<>(this, "chatTemplate", "text of a chat template; empty: that of the folder");
        this.maxNewTokens = new IntParam(this, "maxNewTokens", "tokens at most");
        this.doSample = new BooleanParam(this, "doSample", "draw tokens instead of taking the best one");
        this.temperature = new DoubleParam(this, "temperature", "above 1 is more varied");
        this.topK = new IntParam(this, "topK", "draw from the k best; 0: from all");
        this.topP = new DoubleParam(this, "topP", "draw from the likeliest p of all");
        this.minP = new DoubleParam(this, "minP", "least share of the best one's probability");
        this.repetitionPenalty = new DoubleParam(this, "repetitionPenalty", "above 1 avoids what was said");
        this.seed = new LongParam(this, "seed", "same seed, same text");
        setDefault(outputCol, "generation");
        setDefault(chat, false);
        setDefault(rendered, false);
        setDefault(system, "");
        setDefault(chatTemplate, "");
        setDefault(maxNewTokens, 50);
        setDefault(doSample, false);
        setDefault(temperature, 1.0);
        setDefault(topK, 0);
        setDefault(topP, 1.0);
        setDefault(minP, 0.0);
        setDefault(repetitionPenalty, 1.0);
        setDefault(seed, 42L);
    }

    /** Reads a stage that {@link #write} saved. Spark calls this method by reflection. */
    public static MLReader<GenerateText> read() {
        return new DefaultParamsReader<>();
    }

    public GenerateText setOutputCol(String value) {
        return with(outputCol, value);
    }

    /** Whether the text is a user's message, rendered by the tokenizer's chat template, and not a text to continue. */
    public GenerateText setChat(boolean value) {
        return with(chat, value);
    }

    /** True: the text is what a chat template wrote; no special token is added to it. */
    public GenerateText setRendered(boolean value) {
        return with(rendered, value);
    }

    /** System message for each conversation. Needs {@link #setChat}. */
    public GenerateText setSystem(String message) {
        return with(system, message);
    }

    /** Text of a chat template to use instead of the tokenizer's. Needs {@link #setChat}. */
    public GenerateText setChatTemplate(String text) {
        return with(chatTemplate, text);
    }

    public GenerateText setMaxNewTokens(int value) {
        return with(maxNewTokens, value);
    }

    /** Whether to sample tokens instead of always taking the most probable one. */
    public GenerateText setDoSample(boolean value) {
        return with(doSample, value);
    }

    public GenerateText setTemperature(double value) {
        return with(temperature, value);
    }

    public GenerateText setTopK(int value) {
        return with(topK, value);
    }

    public GenerateText setTopP(double value) {
        return with(topP, value);
    }

    public GenerateText setMinP(double value) {
        return with(minP, value);
    }

    public GenerateText setRepetitionPenalty(double value) {
        return with(repetitionPenalty, value);
    }

    /** Seed of sampling. */
    public GenerateText setSeed(long value) {
        return with(seed, value);
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        int input = input(dataset.schema());
        StageColumns.Appended appended = appended(dataset.schema());
        SharedModel model = model(HadoopStore.of(dataset.sparkSession()), Task.CAUSAL_LM, List.of(), 0)
                .withChatTemplate($(chatTemplate));
        check(
                architecture(model).classifier().isEmpty(),
                "%s holds a classifier, which continues no text",
                model.settings().model());
        Sampling sampling = sampling();
        int positions = looked(() -> model.files().verify()).sizes().maxPositions();
        check(
                sampling.maxNewTokens() <= positions || !isSet(maxNewTokens),
                "%s: maxNewTokens %d is more than the %d positions of %s: write fewer",
                uid(),
                sampling.maxNewTokens(),
                positions,
                model.settings().model());
        looked(model::tokenizer);
        if (sampling.chat()) {
            verifyChat(model, sampling);
        }
        Generate generate = new Generate(model, input, appended, sampling);
        return dataset.toDF().mapPartitions(generate, Encoders.row(appended.schema()));
    }

    /**
     * Checks on the driver that there is a template and that it accepts these messages; otherwise tasks would fail, or
     * all results would be null.
     */
    private void verifyChat(SharedModel model, Sampling sampling) {
        LocalDate today = LocalDate.now(ZoneId.systemDefault());
        ChatFormat format =
                looked(() -> model.files().chat(Optional.of($(chatTemplate)).filter(text -> !text.isEmpty()), today));
        check(
                format.hasTemplate(),
                "%s: %s has no chat template: set chatTemplate, or set chat to false",
                uid(),
                model.settings().adapter().isEmpty()
                        ? model.settings().model()
                        : model.settings().adapter());
        try {
            format.prompt(
                    sampling.messages("a").stream().map(ChatMessage::fields).toList());
        } catch (RejectedRowException e) {
            throw invalid(
                    "%s: the chat template refuses %s: %s",
                    uid(), sampling.system().isEmpty() ? "a user's message" : "the system message", e.detail());
        }
    }

    @Override
    public StructType transformSchema(StructType schema) {
        input(schema);
        sampling();
        return appended(schema).schema();
    }

    private StageColumns.Appended appended(StructType schema) {
        return appended(schema, new StructType().add($(outputCol), DataTypes.StringType));
    }

    private Sampling sampling() {
        check(
                (Boolean) $(chat) || ($(system).isEmpty() && $(chatTemplate).isEmpty()),
                "%s: system and chatTemplate are for chat: set it to true, or leave them out",
                uid());
        check(
                !(Boolean) $(chat) || !(Boolean) $(rendered),
                "%s: chat and rendered exclude each other: a text is a message, or what a template made of it",
                uid());
        if (!$(chatTemplate).isEmpty()) {
            ChatFormat.verify("chatTemplate", $(chatTemplate));
        }
        Sampling sampling = new Sampling(
                (Boolean) $(chat),
                (Boolean) $(rendered),
                $(system),
                (Integer) $(maxNewTokens),
                (Boolean) $(doSample),
                (Double) $(temperature),
                (Integer) $(topK),
                (Double) $(topP),
                (Double) $(minP),
                (Double) $(repetitionPenalty),
                (Long) $(seed));
        sampling.config(); // throws for values out of range
        for (Param<?> param : List.of(temperature, topK, topP, minP)) {
            check(
                    sampling.doSample() || !isSet(param),
                    "%s: %s changes nothing without doSample: set that to true, or leave it out",
                    uid(),
                    param.name());
        }
        return sampling;
    }

    public Param<String> outputCol() {
        return outputCol;
    }

    public BooleanParam chat() {
        return chat;
    }

    public BooleanParam rendered() {
        return rendered;
    }

    public Param<String> system() {
        return system;
    }

    public Param<String> chatTemplate() {
        return chatTemplate;
    }

    public IntParam maxNewTokens() {
        return maxNewTokens;
    }

    public BooleanParam doSample() {
        return doSample;
    }

    public DoubleParam temperature() {
        return temperature;
    }

    public IntParam topK() {
        return topK;
    }

    public DoubleParam topP() {
        return topP;
    }

    public DoubleParam minP() {
        return minP;
    }

    public DoubleParam repetitionPenalty() {
        return repetitionPenalty;
    }

    public LongParam seed() {
        return seed;
    }

    private record Generate(SharedModel model, int input, StageColumns.Appended appended, Sampling sampling)
            implements MapPartitionsFunction<Row, Row> {
        private static final int WINDOW = 64;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            long[] window = {(long) TaskContext.getPartitionId() << 32}; // each window has a seed of its own
            return new RowWindows(rows, WINDOW, some -> generated(some, SplitMix.mix(sampling.seed() + window[0]++)));
        }

        private List<Row> generated(List<Row> rows, long seed) {
            List<String> texts = new ArrayList<>();
            rows.stream().filter(row -> !row.isNullAt(input)).forEach(row -> texts.add(row.getString(input)));
            Iterator<Optional<String>> results =
                    sampling.generate(model.generator(), texts, seed).iterator();
            return rows.stream()
                    .map(row -> appended.row(
                            row, row.isNullAt(input) ? null : results.next().orElse(null)))
                    .toList();
        }
    }
}
