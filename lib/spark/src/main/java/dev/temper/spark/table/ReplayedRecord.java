package dev.temper.spark.table;

import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.io.api.RecordMaterializer;

/**
 * Passes the fields of a Parquet record that is written directly to the converters that read records, so that a row in
 * memory is converted exactly as one from a file.
 */
final class ReplayedRecord extends RecordConsumer {
    private final RecordMaterializer<?> target;
    private final Deque<GroupConverter> groups = new ArrayDeque<>();
    private final Deque<Converter> fields = new ArrayDeque<>();

    ReplayedRecord(RecordMaterializer<?> target) {
        this.target = target;
    }

    @Override
    public void startMessage() {
        groups.push(target.getRootConverter());
        groups.element().start();
    }

    @Override
    public void endMessage() {
        groups.pop().end();
    }

    @Override
    public void startField(String field, int index) {
        fields.push(groups.element().getConverter(index));
    }

    @Override
    public void endField(String field, int index) {
        fields.pop();
    }

    @Override
    public void startGroup() {
        groups.push(fields.element().asGroupConverter());
        groups.element().start();
    }

    @Override
    public void endGroup() {
        groups.pop().end();
    }

    @Override
    public void addInteger(int value) {
        field().addInt(value);
    }

    @Override
    public void addLong(long value) {
        field().addLong(value);
    }

    @Override
    public void addBoolean(boolean value) {
        field().addBoolean(value);
    }

    @Override
    public void addBinary(Binary value) {
        field().addBinary(value);
    }

    @Override
    public void addFloat(float value) {
        field().addFloat(value);
    }

    @Override
    public void addDouble(double value) {
        field().addDouble(value);
    }

    private PrimitiveConverter field() {
        return fields.element().asPrimitiveConverter();
    }
}
