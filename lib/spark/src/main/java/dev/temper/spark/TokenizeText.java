package dev.temper.spark;

import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RenderedText;
import dev.temper.text.RenderedText.Span;
import dev.temper.text.RowTokenizer;
import dev.temper.text.TokenRow;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
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
 * Appends {@code input_ids}, at most {@code maxLength} long, and {@code labels} (-100 where nothing is learned) to
 * rows that {@link RenderText} gave a text; fills {@code reason} and {@code detail} of those that cannot be trained
 * on. Keeps order, drops no row.
 */
public final class TokenizeText extends Transformer implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> tokenizer;
    private final Param<String> localFolder;
    private final IntParam maxLength;
    private final Param<String> tooLong;

    public TokenizeText() {
        this(Identifiable$.MODULE$.randomUID("tokenizeText"));
    }

    public TokenizeText(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.tokenizer = new Param<>(this, "tokenizer", "location of a folder with tokenizer.json");
        this.localFolder = new Param<>(this, "localFolder", "folder on each machine for copies; temporary when empty");
        this.maxLength = new IntParam(this, "maxLength", "token limit of one row", ParamValidators.gt(1));
        this.tooLong = new Param<>(this, "tooLong", "truncate, drop or fail");
        setDefault(localFolder, "");
        setDefault(maxLength, 1024);
        setDefault(tooLong, "truncate");
    }

    /** Reads a stage that {@link #write} saved; Spark looks for it by this name. */
    public static MLReader<TokenizeText> read() {
        return new DefaultParamsReader<>();
    }

    public TokenizeText setTokenizer(String location) {
        set(tokenizer, location);
        return this;
    }

    public TokenizeText setLocalFolder(String value) {
        set(localFolder, value);
        return this;
    }

    public TokenizeText setMaxLength(int value) {
        set(maxLength, value);
        return this;
    }

    public TokenizeText setTooLong(TooLong value) {
        set(tooLong, StageColumns.name(value));
        return this;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        HadoopStore store = HadoopStore.of(dataset.sparkSession());
        StructType schema = transformSchema(dataset.schema());
        Tokenize tokenize = new Tokenize(
                TokenizerFolder.of(store, $(tokenizer), $(localFolder)),
                (Integer) $(maxLength),
                StageColumns.value(TooLong.class, $(tooLong)),
                schema);
        return StageColumns.withReason(dataset).map(tokenize, Encoders.row(schema));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return StageColumns.withReason(schema)
                .add("input_ids", DataTypes.createArrayType(DataTypes.IntegerType, false))
                .add("labels", DataTypes.createArrayType(DataTypes.IntegerType, false));
    }

    @Override
    public TokenizeText copy(ParamMap extra) {
        return (TokenizeText) defaultCopy(extra);
    }

    @Override
    public String uid() {
        return uid;
    }

    // Spark finds the parameters of a stage by these methods.

    public Param<String> tokenizer() {
        return tokenizer;
    }

    public Param<String> localFolder() {
        return localFolder;
    }

    public IntParam maxLength() {
        return maxLength;
    }

    public Param<String> tooLong() {
        return tooLong;
    }

    private static final class Tokenize implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        private final TokenizerFolder folder;
        private final int maxLength;
        private final TooLong tooLong;
        private final StructType schema;
        private transient RowTokenizer rowTokenizer;

        Tokenize(TokenizerFolder folder, int maxLength, TooLong tooLong, StructType schema) {
            this.folder = folder;
            this.maxLength = maxLength;
            this.tooLong = tooLong;
            this.schema = schema;
        }

        @Override
        public Row call(Row row) {
            if (StageColumns.isRejected(row)) {
                return StageColumns.append(row, schema, null, null);
            }
            try {
                TokenRow tokens = rowTokenizer().tokens(rendered(row));
                return StageColumns.append(row, schema, tokens.inputIds(), tokens.labels());
            } catch (RejectedRowException e) {
                return StageColumns.reject(row, schema, e);
            }
        }

        private static RenderedText rendered(Row row) {
            int[] bounds = StageColumns.ints(row, "trained");
            List<Span> spans = new ArrayList<>();
            for (int i = 0; i < bounds.length; i += 2) {
                spans.add(new Span(bounds[i], bounds[i + 1]));
            }
            return new RenderedText(row.getString(row.fieldIndex("rendered")), spans);
        }

        // One tokenizer per process, not per row or task: opening it parses the whole vocabulary.
        private RowTokenizer rowTokenizer() {
            if (rowTokenizer == null) {
                rowTokenizer = new RowTokenizer(folder.shared(), maxLength, tooLong);
            }
            return rowTokenizer;
        }
    }
}
