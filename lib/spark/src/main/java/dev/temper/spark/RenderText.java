package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Format;
import dev.temper.text.InputColumn;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText;
import dev.temper.text.RenderedText.Span;
import dev.temper.text.RowFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.function.FlatMapFunction;
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
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Renders rows as text, by the row format and its chat template. Appends {@code rendered} (the text), {@code trained}
 * (the spans of it that count in the loss: start and end of each as indexes into the Java string, flattened),
 * {@code label} (the index of the class, replacing an input column of this name) and {@code shortened} (whether the
 * chat template left out part of an answer). Appends {@code _reason} and {@code _detail} if missing and sets them for
 * rows that cannot be rendered; rows that already have a reason are passed through. Preserves the order and drops no
 * row.
 */
public final class RenderText extends Transformer implements DefaultParamsWritable, RowStage {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> format;
    private final StringArrayParam columns;
    private final Param<String> separator;
    private final Param<String> system;
    private final Param<String> trainOn;
    private final StringArrayParam labels;
    private final Param<String> chat;

    public RenderText() {
        this(Identifiable$.MODULE$.randomUID("renderText"));
    }

    public RenderText(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.format =
                new Param<>(this, "format", "text, prompt_completion, messages, sharegpt, alpaca, classification");
        this.columns = new StringArrayParam(this, "columns", "role=column, for roles not called as their columns");
        this.separator = new Param<>(this, "separator", "between joined columns");
        this.system = new Param<>(this, "system", "system message for conversations that have none");
        this.trainOn = new Param<>(this, "trainOn", "completion, assistant or all");
        this.labels = new StringArrayParam(this, "labels", "names of the classes, by number");
        this.chat = new Param<>(this, "chat", "the chat template and its variables as JSON; empty: none");
        setDefault(columns, new String[0]);
        setDefault(separator, "\n");
        setDefault(system, "");
        setDefault(trainOn, "completion");
        setDefault(labels, new String[0]);
        setDefault(chat, ChatFormat.NONE.toJson());
    }

    /** Reads a stage that {@link #write} saved. Spark calls this method by reflection. */
    public static MLReader<RenderText> read() {
        return new DefaultParamsReader<>();
    }

    /** Sets all Params from a row format. */
    public RenderText setAll(RowFormat value) {
        set(labels, value.labels().toArray(String[]::new));
        set(chat, value.chat().toJson());
        set(system, value.system());
        return setFormat(value.format())
                .setColumns(value.columns())
                .setSeparator(value.separator())
                .setTrainOn(value.trainOn());
    }

    /** The meaning of the columns, as {@code data.format} in a recipe. */
    public RenderText setFormat(Format value) {
        set(format, StageColumns.name(value));
        return this;
    }

    /**
     * The columns of each role of the format.
     *
     * @param value by role: {@code text}, {@code prompt}, {@code messages}, …
     */
    public RenderText setColumns(Map<String, List<String>> value) {
        List<String> pairs = new ArrayList<>();
        value.forEach((role, names) -> names.forEach(name -> pairs.add(role + "=" + name)));
        set(columns, pairs.toArray(String[]::new));
        return this;
    }

    /** Text between the columns of a role that has several. */
    public RenderText setSeparator(String value) {
        set(separator, value);
        return this;
    }

    /** Which part of a row counts in the loss, as {@code data.train_on} in a recipe. */
    public RenderText setTrainOn(TrainOn value) {
        set(trainOn, StageColumns.name(value));
        return this;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Render render = new Render(rowFormat(), dataset.schema());
        return StageColumns.withReason(dataset).map(render, Encoders.row(render.appended.schema()));
    }

    @Override
    public FlatMapFunction<Iterator<Row>, Row> rows(HadoopStore store, StructType schema) {
        Render render = new Render(rowFormat(), schema);
        return rows -> new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Row next() {
                return render.call(rows.next());
            }
        };
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return appended(schema, rowFormat()).schema();
    }

    private static StageColumns.Appended appended(StructType schema, RowFormat format) {
        DataType numbers = DataTypes.createArrayType(DataTypes.IntegerType, false);
        return new StageColumns.Appended(
                StageColumns.withReason(schema),
                new StructType()
                        .add("rendered", DataTypes.StringType)
                        .add("trained", numbers)
                        .add("label", format.labelWords() > 1 ? numbers : DataTypes.IntegerType)
                        .add("shortened", DataTypes.BooleanType)
                        .add("rendered_pair", DataTypes.StringType));
    }

    @Override
    public RenderText copy(ParamMap extra) {
        return (RenderText) defaultCopy(extra);
    }

    @Override
    public String explainParam(Param<?> param) {
        return StageColumns.explained(this, param, super.explainParam(param));
    }

    @Override
    public String uid() {
        return uid;
    }

    // Spark finds the Params of a stage by these methods.

    public Param<String> format() {
        return format;
    }

    public StringArrayParam columns() {
        return columns;
    }

    public Param<String> separator() {
        return separator;
    }

    public Param<String> system() {
        return system;
    }

    public Param<String> trainOn() {
        return trainOn;
    }

    public StringArrayParam labels() {
        return labels;
    }

    public Param<String> chat() {
        return chat;
    }

    /** The rendered text of a row without a reason. */
    static RenderedText rendered(Row row) {
        int[] bounds = StageColumns.ints(row, "trained");
        List<Span> spans = new ArrayList<>(bounds.length / 2);
        for (int i = 0; i < bounds.length; i += 2) {
            spans.add(new Span(bounds[i], bounds[i + 1]));
        }
        String pair = row.getAs("rendered_pair");
        return new RenderedText(row.getAs("rendered"), spans, false, pair);
    }

    /** Renders one row outside of Spark; empty when it is rejected. */
    public Optional<RenderedText> text(Row row) {
        Row done = new Render(rowFormat(), row.schema()).call(row);
        return StageColumns.isRejected(done) ? Optional.empty() : Optional.of(rendered(done));
    }

    private RowFormat rowFormat() {
        Map<String, List<String>> byRole = new HashMap<>();
        for (String pair : $(columns)) {
            int border = pair.indexOf('=');
            byRole.computeIfAbsent(pair.substring(0, border), role -> new ArrayList<>())
                    .add(pair.substring(border + 1));
        }
        return new RowFormat(
                StageColumns.value(Format.class, $(format)),
                byRole,
                $(separator),
                $(system),
                StageColumns.value(TrainOn.class, $(trainOn)),
                Arrays.asList($(labels)),
                ChatFormat.parse($(chat)));
    }

    private static final class Render implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        private final RowFormat format;
        private final StageColumns.Appended appended;
        private final String[] names;
        private final int[] indexes;

        Render(RowFormat format, StructType input) {
            this.format = format;
            this.appended = appended(input, format);
            List<String> known = Arrays.asList(input.fieldNames());
            List<InputColumn> columns = format.inputColumns();
            columns.forEach(column -> check(
                    !column.required() || known.contains(column.name()),
                    "data.columns: there is no column %s; the columns are %s",
                    column.name(),
                    String.join(", ", known)));
            this.names = columns.stream()
                    .map(InputColumn::name)
                    .filter(known::contains)
                    .toArray(String[]::new);
            this.indexes = Arrays.stream(names).mapToInt(known::indexOf).toArray();
        }

        @Override
        public Row call(Row row) {
            if (StageColumns.isRejected(row)) {
                return appended.row(row);
            }
            try {
                Map<String, String> values = values(row);
                RenderedText text = format.render(values);
                int[] spans = new int[2 * text.trained().size()];
                for (int i = 0; i < spans.length; i += 2) {
                    spans[i] = text.trained().get(i / 2).start();
                    spans[i + 1] = text.trained().get(i / 2).end();
                }
                int[] words = format.label(values);
                Object label = words.length == 1 ? (Object) words[0] : words.length == 0 ? null : words;
                return appended.row(row, text.text(), spans, label, text.isShortened(), text.pair());
            } catch (RejectedRowException e) {
                return appended.rejected(row, e);
            }
        }

        private Map<String, String> values(Row row) {
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < names.length; i++) {
                Object value = row.get(indexes[i]);
                if (value != null && !(value instanceof String)) {
                    throw new RejectedRowException(
                            Reason.WRONG_TYPE,
                            names[i] + " holds no text but " + value.getClass().getSimpleName());
                }
                values.put(names[i], (String) value);
            }
            return values;
        }
    }
}
