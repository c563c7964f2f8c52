package dev.temper.spark.reading;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.spark.limit.LimitedText;
import dev.temper.text.InputColumn;
import dev.temper.text.RejectedRowException.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.Type;

/** Writes the nested values of one column as JSON while they are read; fields of structs that are null are omitted. */
final class ParquetJson {
    /** The row that contains a nested value. */
    interface Enclosing {
        String source();

        void reject(Reason why, String format, Object... arguments);

        int maxCharacters();

        /** Whether a text must have more characters than a row may have, by its bytes; it is not decoded then. */
        boolean isLonger(Binary value);

        /** Called when the row exceeds the limit of characters. */
        void overflow();
    }

    private final Enclosing row;
    private final String column;
    private final String mark; // prefix of the JSON
    private final int index;
    private final String wrong; // null if the type is supported
    private LimitedText text; // null if the value is null
    private JsonGenerator out;

    /** @param wrong message for the first value of a column with an unsupported type; null if it is supported */
    ParquetJson(Enclosing row, InputColumn column, int index, String wrong) {
        this.row = row;
        this.column = column.name();
        this.mark = column.content().isMarkedList() ? InputColumn.NESTED : "";
        this.index = index;
        this.wrong = wrong;
    }

    int index() {
        return index;
    }

    /** The value that was completed since the last call. */
    String take() {
        if (text == null) {
            return null;
        }
        write(JsonGenerator::close);
        if (text.isFull()) {
            row.overflow();
        }
        String json = mark + text;
        text = null;
        return json;
    }

    Converter converter(Type type) {
        return ParquetNesting.isReadable(type) ? of(type, this::begin) : new Struct(type.asGroupType(), this::begin);
    }

    private void begin() {
        if (wrong != null) {
            throw invalid("%s", wrong);
        }
        text = new LimitedText(row.maxCharacters());
        write(none -> out = JsonValues.JSON.createGenerator(text));
    }

    /** @param before writes what precedes each value, such as the name of its field */
    private Converter of(Type type, Runnable before) {
        if (type.isPrimitive()) {
            return new Scalar(new ParquetScalar(type.asPrimitiveType()), type.getName(), before);
        }
        GroupType group = type.asGroupType();
        if (ParquetNesting.isList(group)) {
            return new Sequence(group, before);
        }
        return ParquetNesting.isMap(group) ? new Mapping(group, before) : new Struct(group, before);
    }

    private interface Writing {
        void to(JsonGenerator out) throws IOException;
    }

    private void write(Writing writing) {
        try {
            writing.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter does not fail
        }
    }

    private void name(String name) {
        write(json -> json.writeFieldName(name));
    }

    /** A group that delegates to converters of its children. */
    private abstract static class Parent extends GroupConverter {
        final List<Converter> children = new ArrayList<>();

        @Override
        public Converter getConverter(int field) {
            return children.get(field);
        }
    }

    private final class Struct extends Parent {
        private final Runnable before;

        Struct(GroupType type, Runnable before) {
            this.before = before;
            type.getFields().forEach(field -> children.add(of(field, () -> name(field.getName()))));
        }

        @Override
        public void start() {
            before.run();
            write(JsonGenerator::writeStartObject);
        }

        @Override
        public void end() {
            write(JsonGenerator::writeEndObject);
        }
    }

    private final class Sequence extends Parent {
        private final Runnable before;

        Sequence(GroupType type, Runnable before) {
            this.before = before;
            Type repeated = type.getType(0);
            children.add(
                    ParquetNesting.isElement(type, repeated)
                            ? of(repeated, ParquetJson::nothing)
                            : element(repeated.asGroupType()));
        }

        @Override
        public void start() {
            before.run();
            write(JsonGenerator::writeStartArray);
        }

        @Override
        public void end() {
            write(JsonGenerator::writeEndArray);
        }
    }

    /** A group around a single value, which is absent if the value is null. */
    private final class Slot extends Parent {
        private boolean isThere;

        void add(Type value) {
            children.add(of(value, () -> isThere = true));
        }

        @Override
        public void start() {
            isThere = false;
        }

        @Override
        public void end() {
            if (!isThere) {
                write(JsonGenerator::writeNull);
            }
        }
    }

    private Slot element(GroupType type) {
        Slot element = new Slot();
        element.add(type.getType(0));
        return element;
    }

    private Slot entry(GroupType type) {
        Slot entry = new Slot();
        entry.children.add(new Key(new ParquetScalar(type.getType(0).asPrimitiveType())));
        entry.add(type.getType(1));
        return entry;
    }

    private final class Mapping extends Parent {
        private final Runnable before;

        Mapping(GroupType type, Runnable before) {
            this.before = before;
            children.add(entry(type.getType(0).asGroupType()));
        }

        @Override
        public void start() {
            before.run();
            write(JsonGenerator::writeStartObject);
        }

        @Override
        public void end() {
            write(JsonGenerator::writeEndObject);
        }
    }

    private final class Key extends PrimitiveConverter {
        private final ParquetScalar scalar;

        Key(ParquetScalar scalar) {
            this.scalar = scalar;
        }

        @Override
        public void addBinary(Binary value) {
            name(scalar.text(value)
                    .orElseThrow(() ->
                            invalid("data: %s: column %s has a map whose keys are no text", row.source(), column)));
        }

        @Override
        public void addInt(int value) {
            addLong(value);
        }

        @Override
        public void addLong(long value) {
            name(scalar.time(value).orElseGet(() -> scalar.decimal(value).toPlainString()));
        }

        @Override
        public void addBoolean(boolean value) {
            name(String.valueOf(value));
        }
    }

    private final class Scalar extends PrimitiveConverter {
        private final ParquetScalar scalar;
        private final String name;
        private final Runnable before;

        Scalar(ParquetScalar scalar, String name, Runnable before) {
            this.scalar = scalar;
            this.name = name;
            this.before = before;
        }

        @Override
        public void addBinary(Binary value) {
            before.run();
            if (scalar.isNumber()) {
                number(scalar.decimal(value));
                return;
            }
            if (text.isFull() || row.isLonger(value)) {
                row.overflow(); // the rest of the row is skipped
                write(JsonGenerator::writeNull);
                return;
            }
            String string = scalar.text(value)
                    .orElseThrow(() -> invalid(
                            "data: %s: column %s has a field %s of the type %s, which is not read: leave it out",
                            row.source(), column, name, scalar.name()));
            if (scalar.isText() && !ParquetScalar.isUtf8(value, string)) {
                row.reject(Reason.MALFORMED, "%s holds bytes that are no UTF-8", column);
            }
            write(json -> json.writeString(string));
        }

        @Override
        public void addBoolean(boolean value) {
            before.run();
            write(json -> json.writeBoolean(value));
        }

        @Override
        public void addInt(int value) {
            addLong(value);
        }

        @Override
        public void addLong(long value) {
            before.run();
            Optional<String> time = scalar.time(value);
            if (time.isPresent()) {
                write(json -> json.writeString(time.get()));
            } else {
                number(scalar.decimal(value));
            }
        }

        @Override
        public void addFloat(float value) {
            before.run();
            write(json -> json.writeNumber(value));
        }

        @Override
        public void addDouble(double value) {
            before.run();
            write(json -> json.writeNumber(value));
        }

        private void number(BigDecimal value) {
            write(json -> json.writeNumber(value.toPlainString()));
        }
    }

    private static void nothing() {}
}
