package dev.temper.ml;

import static dev.temper.check.Check.check;

import dev.temper.text.Format;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RowFormat;
import dev.temper.text.TextKind;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * What a model is asked by each row, made as it was when the model was trained: a text, or what a chat template writes
 * of a question or a conversation.
 *
 * @param stage whose rows they are, for messages
 * @param format of the rows
 * @param columns that are read
 */
record AskedRows(String stage, RowFormat format, List<InputColumn> columns) {
    /** A column of the second texts of pairs, while they are asked. */
    static final String PAIR = "_text_pair";

    private static final Set<String> NESTED = Set.of("array", "struct", "map");

    /** @param inputCol the one column with a text or a list of messages; empty: those of the format */
    static AskedRows of(String stage, RowFormat trained, String inputCol) {
        check(
                inputCol.isEmpty() || trained.kind() != TextKind.PAIR,
                "%s: the model was trained on pairs of texts, and inputCol names one column: leave it out, and name"
                        + " the columns as the recipe does",
                stage);
        if (inputCol.isEmpty()) {
            return new AskedRows(stage, trained, trained.questionColumns());
        }
        boolean isChat = trained.kind() == TextKind.CHAT;
        RowFormat format = new RowFormat(
                isChat ? Format.PROMPT_COMPLETION : Format.TEXT,
                Map.of(isChat ? "prompt" : "text", List.of(inputCol)),
                trained.separator(),
                isChat ? trained.system() : "",
                trained.trainOn(),
                List.of(),
                trained.chat());
        return new AskedRows(stage, format, format.questionColumns().subList(0, 1));
    }

    /** Whether a column has it as it is. */
    boolean isColumn() {
        return columns.size() == 1 && !isRendered() && format.format() != Format.ALPACA;
    }

    /** Whether each row asks two texts. */
    boolean isPair() {
        return format.kind() == TextKind.PAIR;
    }

    /** Whether it is what a chat template wrote. */
    boolean isRendered() {
        return format.kind() == TextKind.CHAT;
    }

    /**
     * Looks at the columns, and at no row.
     *
     * @throws dev.temper.check.InvalidInputException when one is missing, is there twice, or has another type
     */
    void verify(StructType schema) {
        List<String> names = List.of(schema.fieldNames());
        for (InputColumn column : columns) {
            String name = column.name();
            long count = names.stream().filter(name::equals).count();
            check(
                    count > 0 || !column.required(),
                    "%s: there is no column %s, only %s; name another with setInputCol",
                    stage,
                    name,
                    String.join(", ", names));
            check(count < 2, "%s: there are two columns %s: rename one", stage, name);
            if (count > 0) {
                verify(column, schema.apply(name).dataType());
            }
        }
    }

    private void verify(InputColumn column, DataType type) {
        boolean mayNest = column.content() != Content.TEXT;
        check(
                type instanceof StringType || (mayNest && NESTED.contains(type.typeName())),
                "%s: column %s is of type %s, a text%s is needed",
                stage,
                column.name(),
                type.simpleString(),
                mayNest ? " or a list of messages" : "");
    }

    /** What each of these rows asks, of a pair the first text; null where it asks nothing that can be answered. */
    Column text(Dataset<Row> rows) {
        return text(rows, RowFormat::question);
    }

    /** The second text of each pair, or null. */
    Column textPair(Dataset<Row> rows) {
        return text(rows, RowFormat::textPair);
    }

    private Column text(Dataset<Row> rows, Reading reading) {
        List<String> names = List.of(rows.columns());
        List<InputColumn> found =
                columns.stream().filter(column -> names.contains(column.name())).toList();
        Column[] values = found.stream().map(column -> text(rows, column)).toArray(Column[]::new);
        Question question = new Question(
                format, reading, found.stream().map(InputColumn::name).toArray(String[]::new));
        return functions.udf(question, DataTypes.StringType).apply(functions.struct(values));
    }

    /** A value as {@link RowFormat} takes it. */
    private static Column text(Dataset<Row> rows, InputColumn column) {
        String quoted = "`" + column.name().replace("`", "``") + "`";
        Column value = rows.col(quoted);
        if (rows.schema().apply(column.name()).dataType() instanceof StringType) {
            return value;
        }
        Column json = functions.to_json(value);
        return column.content() == Content.TEXT_OR_MESSAGES
                ? functions.concat(functions.lit(InputColumn.NESTED), json)
                : json;
    }

    /** What is read of the columns of a row. */
    private interface Reading extends Serializable {
        String of(RowFormat format, Map<String, String> values);
    }

    private record Question(RowFormat format, Reading reading, String[] names) implements UDF1<Row, String> {
        @Override
        public String call(Row row) {
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < names.length; i++) {
                values.put(names[i], row.getString(i));
            }
            try {
                return reading.of(format, values);
            } catch (RejectedRowException e) {
                return null;
            }
        }
    }
}
