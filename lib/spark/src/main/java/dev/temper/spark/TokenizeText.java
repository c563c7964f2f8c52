package dev.temper.spark;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.AddedTokens;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RenderedText;
import dev.temper.text.RowTokenizer;
import dev.temper.text.TextKind;
import dev.temper.text.TokenRow;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Tokenizes the text of {@link RenderText}. Appends {@code input_ids} (at most {@code maxLength}), {@code labels} (-100
 * where a token does not count in the loss), {@code full_length} (the number of tokens before truncation) and, of pairs
 * of texts, {@code second} (where the tokens of the second one begin). Sets {@code _reason} and {@code _detail} of rows
 * that cannot be trained on. Preserves the order and drops no row.
 */
public final class TokenizeText extends Transformer implements DefaultParamsWritable, RowStage {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> tokenizer;
    private final Param<String> localFolder;
    private final Param<String> kind;
    private final IntParam maxLength;
    private final Param<String> tooLong;
    private final Param<String> addedTokens;
    private final IntParam vocabulary;
    private final IntParam maxCharacters;

    public TokenizeText() {
        this(Identifiable$.MODULE$.randomUID("tokenizeText"));
    }

    public TokenizeText(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.tokenizer = new Param<>(this, "tokenizer", "location of a folder with tokenizer.json");
        this.localFolder = new Param<>(this, "localFolder", "folder on each machine for copies; temporary when empty");
        this.kind = new Param<>(this, "kind", "chat, plain, classified or pair: which tokens are added to a text");
        this.maxLength = new IntParam(this, "maxLength", "token limit of one row", ParamValidators.gt(1));
        this.tooLong = new Param<>(this, "tooLong", "truncate, drop or fail");
        this.addedTokens = new Param<>(this, "addedTokens", "JSON list of {content, special}: tokens besides its own");
        this.vocabulary = new IntParam(this, "vocabulary", "rows of the model's embedding", ParamValidators.gt(0));
        this.maxCharacters =
                new IntParam(this, "maxCharacters", "a longer text is rejected, not tokenized", ParamValidators.gt(0));
        setDefault(maxCharacters, DataConfig.MAX_CHARACTERS);
        setDefault(localFolder, "");
        setDefault(kind, "plain");
        setDefault(maxLength, 1024);
        setDefault(tooLong, "truncate");
        setDefault(addedTokens, AddedTokens.NONE.toJson());
        setDefault(vocabulary, Integer.MAX_VALUE);
    }

    /** Reads a stage that {@link #write} saved. Spark calls this method by reflection. */
    public static MLReader<TokenizeText> read() {
        return new DefaultParamsReader<>();
    }

    /** Location of the tokenizer's folder. */
    public TokenizeText setTokenizer(String location) {
        set(tokenizer, location);
        return this;
    }

    /** Folder on each executor's machine for copies of remote files; the temporary folder if not set. */
    public TokenizeText setLocalFolder(String value) {
        set(localFolder, value);
        return this;
    }

    /** What the texts are, which determines the special tokens that are added. */
    public TokenizeText setKind(TextKind value) {
        set(kind, StageColumns.name(value));
        return this;
    }

    /** Maximum number of tokens of a row. */
    public TokenizeText setMaxLength(int value) {
        set(maxLength, value);
        return this;
    }

    /** What to do with longer rows. */
    public TokenizeText setTooLong(TooLong value) {
        set(tooLong, StageColumns.name(value));
        return this;
    }

    /** Tokens to add to the tokenizer's vocabulary. */
    public TokenizeText setAddedTokens(AddedTokens value) {
        set(addedTokens, value.toJson());
        return this;
    }

    /** @param rows number of rows of the model's embedding; a text with a token id beyond them is rejected */
    public TokenizeText setVocabulary(int rows) {
        set(vocabulary, rows);
        return this;
    }

    /** @param value maximum number of characters of a text; longer texts are rejected before they are tokenized */
    public TokenizeText setMaxCharacters(int value) {
        set(maxCharacters, value);
        return this;
    }

    /** The tokenizer that the Params describe. */
    public TokenizerFolder folder(HadoopStore store) {
        return TokenizerFolder.of(store, $(tokenizer), $(localFolder), $(addedTokens));
    }

    /** All Params that influence the tokens, except the tokenizer itself, as one text. */
    public String settings() {
        return $(kind) + " " + $(maxLength) + " " + $(tooLong) + " " + $(vocabulary) + " " + $(maxCharacters);
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Tokenize tokenize = tokenize(HadoopStore.of(dataset.sparkSession()), dataset.schema());
        return StageColumns.withReason(dataset).mapPartitions(tokenize, Encoders.row(tokenize.appended.schema()));
    }

    @Override
    public FlatMapFunction<Iterator<Row>, Row> rows(HadoopStore store, StructType schema) {
        return tokenize(store, schema)::call;
    }

    private Tokenize tokenize(HadoopStore store, StructType schema) {
        return new Tokenize(
                new Settings(
                        folder(store),
                        StageColumns.value(TextKind.class, $(kind)),
                        (Integer) $(maxLength),
                        StageColumns.value(TooLong.class, $(tooLong)),
                        (Integer) $(vocabulary)),
                (Integer) $(maxCharacters),
                appended(schema));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return appended(schema).schema();
    }

    private static StageColumns.Appended appended(StructType schema) {
        return new StageColumns.Appended(
                StageColumns.withReason(schema),
                new StructType()
                        .add("input_ids", DataTypes.createArrayType(DataTypes.IntegerType, false))
                        .add("labels", DataTypes.createArrayType(DataTypes.IntegerType, false))
                        .add("full_length", DataTypes.IntegerType)
                        .add("second", DataTypes.IntegerType));
    }

    @Override
    public TokenizeText copy(ParamMap extra) {
        return (TokenizeText) defaultCopy(extra);
    }

    @Override
    public String uid() {
        return uid;
    }

    // Spark finds the Params of a stage by these methods.

    public Param<String> tokenizer() {
        return tokenizer;
    }

    public Param<String> localFolder() {
        return localFolder;
    }

    public Param<String> kind() {
        return kind;
    }

    public IntParam maxLength() {
        return maxLength;
    }

    public Param<String> tooLong() {
        return tooLong;
    }

    public Param<String> addedTokens() {
        return addedTokens;
    }

    public IntParam vocabulary() {
        return vocabulary;
    }

    public IntParam maxCharacters() {
        return maxCharacters;
    }

    private record Settings(TokenizerFolder folder, TextKind kind, int maxLength, TooLong tooLong, int vocabulary)
            implements Serializable {
        RowTokenizer open() {
            return new RowTokenizer(folder.shared(), kind, maxLength, tooLong, vocabulary);
        }
    }

    private static final class Tokenize implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;
        private static final int BATCH = 256;

        private final Settings settings;
        private final int maxCharacters;
        private final StageColumns.Appended appended;

        Tokenize(Settings settings, int maxCharacters, StageColumns.Appended appended) {
            this.settings = settings;
            this.maxCharacters = maxCharacters;
            this.appended = appended;
        }

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            // One tokenizer per process, not per task: opening one parses the whole vocabulary.
            RowTokenizer tokenizer = settings.open();
            return new RowWindows(rows, BATCH, batch -> tokenized(batch, tokenizer));
        }

        private List<Row> tokenized(List<Row> batch, RowTokenizer tokenizer) {
            batch.replaceAll(this::withoutLong);
            List<RenderedText> texts = new ArrayList<>(batch.size());
            for (Row row : batch) {
                if (!StageColumns.isRejected(row)) {
                    texts.add(RenderText.rendered(row));
                }
            }
            Iterator<RowTokenizer.Result> results = tokenizer.tokens(texts).iterator();
            batch.replaceAll(row -> StageColumns.isRejected(row) ? row : tokenized(row, results.next()));
            return batch;
        }

        /** Rejects a text with too many characters: a template may have made it from a short row. */
        private Row withoutLong(Row row) {
            boolean isLong =
                    !StageColumns.isRejected(row) && RenderText.rendered(row).length() > maxCharacters;
            return isLong
                    ? appended.rejected(row, RejectedRowException.tooManyCharacters(maxCharacters))
                    : StageColumns.isRejected(row) ? appended.row(row) : row;
        }

        private Row tokenized(Row row, RowTokenizer.Result result) {
            RejectedRowException rejection = result.rejection();
            if (rejection != null) {
                boolean hasLength = rejection.reason() != RejectedRowException.Reason.TOO_MANY_CHARACTERS;
                return appended.rejected(row, rejection, null, null, hasLength ? result.fullLength() : null);
            }
            TokenRow tokens = result.tokens();
            Integer second = tokens.second() < tokens.length() ? tokens.second() : null;
            return appended.row(row, tokens.inputIds(), tokens.labels(), result.fullLength(), second);
        }
    }
}
