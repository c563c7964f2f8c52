package dev.temper.spark.reading;

import static dev.temper.check.Check.invalid;

import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.RejectedRowException.Reason;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/** Creates rows from Parquet records: the columns to read, as text. */
public final class ParquetValues extends RecordMaterializer<ReadRow> implements ParquetJson.Enclosing {
    private static final int UTF8_BYTES = 3; // maximum for a Java character

    private final ParquetSlice slice;
    private final MessageType schema;
    private final int width;
    private final int maxCharacters;
    private final List<ParquetJson> nested = new ArrayList<>();
    private final Root root;
    private long number;
    private String[] values;
    private String reason;
    private String detail;
    private boolean isTooLong;

    /** @param schema of those columns to read that the file has */
    public ParquetValues(ParquetSlice slice, ReadTable table, MessageType schema) {
        List<InputColumn> columns = table.columns();
        this.maxCharacters = table.maxCharacters();
        this.slice = slice;
        this.schema = schema;
        this.number = slice.firstRow() - 1;
        this.width = columns.size();
        List<Converter> converters = new ArrayList<>();
        for (Type type : schema.getFields()) {
            int index = 0;
            while (!columns.get(index).name().equals(type.getName())) {
                index++;
            }
            converters.add(converter(columns.get(index), index, type));
        }
        this.root = new Root(converters);
    }

    MessageType schema() {
        return schema;
    }

    @Override
    public String source() {
        return slice.file().source();
    }

    /** Whether a column of this type can hold values of this kind. */
    public static boolean isRight(Type type, Content content) {
        if (!type.isPrimitive()) {
            boolean isWanted =
                    content == Content.JSON || content == Content.OPTION || (content.isMarkedList() && isList(type));
            return isWanted && ParquetNesting.isReadable(type);
        }
        ParquetScalar scalar = new ParquetScalar(type.asPrimitiveType());
        return !type.isRepetition(Type.Repetition.REPEATED)
                && (scalar.isText()
                        || (content == Content.NUMBER && scalar.isNumber())
                        || (content == Content.LABEL && (scalar.isNumber() || scalar.isBoolean())));
    }

    /** The message for a column of an unsupported type. */
    public static String wrong(String source, InputColumn column, Type type) {
        String wanted =
                switch (column.content()) {
                    case TEXT -> "text";
                    case JSON, OPTION -> "text, lists or structs";
                    case TEXT_OR_MESSAGES -> "text or lists of messages";
                    case LABEL -> "text, integers or booleans";
                    case LABELS -> "text or lists of labels";
                    case NUMBER -> "numbers";
                };
        return String.format(
                Locale.ROOT,
                "data: %s: column %s must hold %s, it is of the type %s",
                source,
                column.name(),
                wanted,
                name(type));
    }

    private static String name(Type type) {
        if (isList(type)) {
            return "list";
        }
        if (type.getLogicalTypeAnnotation() instanceof MapLogicalTypeAnnotation) {
            return "map";
        }
        return type.isPrimitive() ? new ParquetScalar(type.asPrimitiveType()).name() : "struct";
    }

    private static boolean isList(Type type) {
        return type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation;
    }

    @Override
    public ReadRow getCurrentRecord() {
        number++;
        nested.forEach(json -> values[json.index()] = json.take());
        ReadRow row = new ReadRow(slice.file().index(), number, values, reason, reason == null ? null : detail);
        return isTooLong ? row.tooLong(maxCharacters) : row.within(maxCharacters);
    }

    @Override
    public GroupConverter getRootConverter() {
        return root;
    }

    /** Rejects the row. Only the first problem of a row is reported. */
    @Override
    public void reject(Reason why, String format, Object... arguments) {
        if (reason == null) {
            reason = why.label();
            detail = format.formatted(arguments);
        }
    }

    @Override
    public int maxCharacters() {
        return maxCharacters;
    }

    /**
     * Whether a text certainly has more characters than a row may have, judged by its bytes; it is not decoded then.
     */
    @Override
    public boolean isLonger(Binary value) {
        return value.length() > UTF8_BYTES * (long) maxCharacters;
    }

    /** Rejects the row for exceeding the limit of characters. */
    @Override
    public void overflow() {
        isTooLong = true;
    }

    private Converter converter(InputColumn column, int index, Type type) {
        String wrong = wrong(source(), column, type);
        if (type.isPrimitive()) {
            boolean isRight = isRight(type, column.content());
            return new Cell(column, index, type.asPrimitiveType(), isRight ? null : wrong);
        }
        ParquetJson json = new ParquetJson(this, column, index, isRight(type, column.content()) ? null : wrong);
        nested.add(json);
        return json.converter(type);
    }

    private final class Root extends GroupConverter {
        private final List<Converter> converters;

        Root(List<Converter> converters) {
            this.converters = converters;
        }

        @Override
        public Converter getConverter(int field) {
            return converters.get(field);
        }

        @Override
        public void start() {
            values = new String[width];
            reason = null;
            isTooLong = false;
        }

        @Override
        public void end() {}
    }

    /**
     * Converts a value to text. A column with an unsupported type is reported at its first value, so it may be empty.
     */
    private final class Cell extends PrimitiveConverter {
        private final InputColumn column;
        private final int index;
        private final ParquetScalar scalar;
        private final String wrong; // null if the type is supported

        Cell(InputColumn column, int index, PrimitiveType type, String wrong) {
            this.column = column;
            this.index = index;
            this.scalar = new ParquetScalar(type);
            this.wrong = wrong;
        }

        @Override
        public void addBinary(Binary value) {
            verify();
            if (!scalar.isText()) {
                number(scalar.decimal(value));
                return;
            }
            if (isLonger(value)) {
                overflow();
                return;
            }
            values[index] = value.toStringUsingUTF8();
            if (!ParquetScalar.isUtf8(value, values[index])) {
                reject(Reason.MALFORMED, "%s holds bytes that are no UTF-8", column.name());
            }
        }

        @Override
        public void addBoolean(boolean value) {
            verify();
            values[index] = value ? "1" : "0";
        }

        @Override
        public void addInt(int value) {
            addLong(value);
        }

        @Override
        public void addLong(long value) {
            verify();
            number(scalar.decimal(value));
        }

        @Override
        public void addFloat(float value) {
            addDouble(value);
        }

        @Override
        public void addDouble(double value) {
            verify();
            if (Double.isFinite(value)) {
                number(BigDecimal.valueOf(value));
            } else if (column.content() == Content.NUMBER) {
                values[index] = String.valueOf(value); // refused where numbers are asked for
            } else {
                noWhole(String.valueOf(value));
            }
        }

        private void number(BigDecimal value) {
            if (column.content() == Content.NUMBER) {
                values[index] = value.toString();
            } else {
                whole(value);
            }
        }

        // pandas turns a column of integers with missing values into floats.
        private void whole(BigDecimal value) {
            values[index] = JsonValues.whole(value);
            if (values[index] == null) {
                noWhole(value.toPlainString());
            }
        }

        private void noWhole(String shown) {
            values[index] = shown;
            reject(Reason.WRONG_TYPE, "%s holds no text, integer or boolean but a number", column.name());
        }

        private void verify() {
            if (wrong != null) {
                throw invalid("%s", wrong);
            }
        }
    }
}
