package dev.temper.spark;

import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RenderedText;
import dev.temper.text.RowFormat;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
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
 * Appends {@code rendered}, the text of the row, and {@code trained}, the parts of it that are learned: start and end
 * of each as indexes into the Java string, one after the other. Appends {@code reason} and {@code detail} where they
 * are not there yet and fills them for rows without a text; rows that have a reason already stay as they are. Keeps
 * order, drops no row.
 */
public final class RenderText extends Transformer implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> format;
    private final StringArrayParam textColumns;
    private final StringArrayParam promptColumns;
    private final StringArrayParam completionColumns;
    private final Param<String> separator;
    private final Param<String> trainOn;

    public RenderText() {
        this(Identifiable$.MODULE$.randomUID("renderText"));
    }

    public RenderText(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.format = new Param<>(this, "format", "text or prompt_completion");
        this.textColumns = new StringArrayParam(this, "textColumns", "columns of a text, joined by the separator");
        this.promptColumns = new StringArrayParam(this, "promptColumns", "columns of a prompt");
        this.completionColumns = new StringArrayParam(this, "completionColumns", "columns of a completion");
        this.separator = new Param<>(this, "separator", "between joined columns");
        this.trainOn = new Param<>(this, "trainOn", "completion or all");
        setDefault(textColumns, new String[] {"text"});
        setDefault(promptColumns, new String[] {"prompt"});
        setDefault(completionColumns, new String[] {"completion"});
        setDefault(separator, "\n");
        setDefault(trainOn, "completion");
    }

    /** Reads a stage that {@link #write} saved; Spark looks for it by this name. */
    public static MLReader<RenderText> read() {
        return new DefaultParamsReader<>();
    }

    public RenderText setFormat(Format value) {
        set(format, StageColumns.name(value));
        return this;
    }

    /** @param columns by role: {@code text}, or {@code prompt} and {@code completion} */
    public RenderText setColumns(Map<String, List<String>> columns) {
        columns.forEach((role, names) -> set(column(role), names.toArray(String[]::new)));
        return this;
    }

    public RenderText setSeparator(String value) {
        set(separator, value);
        return this;
    }

    public RenderText setTrainOn(TrainOn value) {
        set(trainOn, StageColumns.name(value));
        return this;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Dataset<Row> rows = StageColumns.withReason(dataset);
        Format chosen = StageColumns.value(Format.class, $(format));
        List<String> roles = chosen == Format.TEXT ? List.of("text") : List.of("prompt", "completion");
        Map<String, List<String>> columns = new HashMap<>();
        roles.forEach(role -> columns.put(role, Arrays.asList($(column(role)))));
        RowFormat rowFormat =
                new RowFormat(chosen, columns, $(separator), StageColumns.value(TrainOn.class, $(trainOn)));
        StructType schema = transformSchema(dataset.schema());
        return rows.map(new Render(rowFormat, schema), Encoders.row(schema));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return StageColumns.withReason(schema)
                .add("rendered", DataTypes.StringType)
                .add("trained", DataTypes.createArrayType(DataTypes.IntegerType, false));
    }

    @Override
    public RenderText copy(ParamMap extra) {
        return (RenderText) defaultCopy(extra);
    }

    @Override
    public String uid() {
        return uid;
    }

    // Spark finds the parameters of a stage by these methods.

    public Param<String> format() {
        return format;
    }

    public StringArrayParam textColumns() {
        return textColumns;
    }

    public StringArrayParam promptColumns() {
        return promptColumns;
    }

    public StringArrayParam completionColumns() {
        return completionColumns;
    }

    public Param<String> separator() {
        return separator;
    }

    public Param<String> trainOn() {
        return trainOn;
    }

    private StringArrayParam column(String role) {
        return switch (role) {
            case "text" -> textColumns;
            case "prompt" -> promptColumns;
            case "completion" -> completionColumns;
            default -> throw new IllegalArgumentException("no such role: " + role);
        };
    }

    private static final class Render implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        private final RowFormat format;
        private final StructType schema;

        Render(RowFormat format, StructType schema) {
            this.format = format;
            this.schema = schema;
        }

        @Override
        public Row call(Row row) {
            if (StageColumns.isRejected(row)) {
                return StageColumns.append(row, schema, null, null);
            }
            try {
                RenderedText text = format.render(values(row));
                int[] spans = text.trained().stream()
                        .flatMapToInt(span -> IntStream.of(span.start(), span.end()))
                        .toArray();
                return StageColumns.append(row, schema, text.text(), spans);
            } catch (RejectedRowException e) {
                return StageColumns.reject(row, schema, e);
            }
        }

        private Map<String, Object> values(Row row) {
            Map<String, Object> values = new HashMap<>();
            format.columns().forEach(column -> values.put(column, row.get(row.fieldIndex(column))));
            return values;
        }
    }
}
