package dev.temper.spark.storage;

import static org.apache.parquet.schema.LogicalTypeAnnotation.listType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.stringType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timestampType;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BOOLEAN;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.DOUBLE;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import dev.temper.storage.Folder;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/** A table with typed columns that is written as one Parquet file, directly and without a renaming committer. */
public record ParquetTable(List<Column> columns) {
    public static final String PART = "part-00000.parquet";

    private static final long ROW_GROUP_BYTES = 32L << 20; // buffered in memory while writing

    /** Type of a column, and the Java type of its values, which may be null. */
    public enum Kind {
        INT,
        LONG,
        DOUBLE,
        BOOLEAN,
        STRING,
        /** {@link Instant}, with a precision of microseconds. */
        TIMESTAMP,
        /** {@code int[]} */
        INTS
    }

    /** One column. */
    public record Column(String name, Kind kind) {}

    public ParquetTable {
        columns = List.copyOf(columns);
    }

    /** Writes {@code part-00000.parquet} into a folder, also for an empty table. */
    public void write(Folder folder, Iterable<? extends List<?>> rows) throws IOException {
        try (Writer writer = writer(folder.write(PART))) {
            for (List<?> row : rows) {
                writer.add(row);
            }
        }
    }

    /** Writes the rows as CSV with a header: times in ISO 8601, lists separated by spaces, null as an empty cell. */
    public void writeCsv(Folder folder, String name, Iterable<? extends List<?>> rows) throws IOException {
        StringBuilder csv = new StringBuilder();
        csv.append(columns.stream().map(column -> field(column.name())).collect(Collectors.joining(",")))
                .append('\n');
        for (List<?> row : rows) {
            csv.append(row.stream().map(ParquetTable::field).collect(Collectors.joining(",")))
                    .append('\n');
        }
        folder.writeText(name, csv.toString());
    }

    /**
     * A writer whose output depends on the rows alone; closing it closes the stream. Pages of version 2 without
     * dictionaries are used, as they have a single encoding: a footer lists a column's encodings in the order of a hash
     * set, which differs between processes.
     */
    public Writer writer(OutputStream out) throws IOException {
        return new Writer(repeatable(out, new WriteRows(columns, schema())));
    }

    /** As {@link #writer}, for rows of any type. */
    public static <T> ParquetWriter<T> repeatable(OutputStream out, WriteSupport<T> rows) throws IOException {
        return new Builder<>(new StreamFile(out), rows)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                .withWriterVersion(WriterVersion.PARQUET_2_0)
                .withDictionaryEncoding(false)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .build();
    }

    public MessageType schema() {
        return new MessageType("table", columns.stream().map(ParquetTable::type).toList());
    }

    private static Type type(Column column) {
        String name = column.name();
        return switch (column.kind()) {
            case INT -> Types.optional(INT32).named(name);
            case LONG -> Types.optional(INT64).named(name);
            case DOUBLE -> Types.optional(DOUBLE).named(name);
            case BOOLEAN -> Types.optional(BOOLEAN).named(name);
            case STRING -> Types.optional(BINARY).as(stringType()).named(name);
            case TIMESTAMP -> Types.optional(INT64)
                    .as(timestampType(true, TimeUnit.MICROS))
                    .named(name);
                // Two-level lists, which every reader supports: with three levels each element would be a group of its
                // own, and writing would take three times as long.
            case INTS -> Types.optionalGroup()
                    .as(listType())
                    .addField(Types.repeated(INT32).named("element"))
                    .named(name);
        };
    }

    private static String field(Object value) {
        if (value == null) {
            return "";
        }
        String text = value instanceof int[] ints
                ? Arrays.stream(ints).mapToObj(String::valueOf).collect(Collectors.joining(" "))
                : value.toString();
        boolean isPlain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return isPlain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    /** Writes rows one by one. */
    public static final class Writer implements Closeable {
        private final ParquetWriter<List<?>> out;

        private Writer(ParquetWriter<List<?>> out) {
            this.out = out;
        }

        /** @param row one value per column, in their order; values may be null */
        public void add(List<?> row) throws IOException {
            out.write(row);
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    private static final class Builder<T> extends ParquetWriter.Builder<T, Builder<T>> {
        private final WriteSupport<T> rows;

        Builder(OutputFile file, WriteSupport<T> rows) {
            super(file);
            this.rows = rows;
        }

        @Override
        protected Builder<T> self() {
            return this;
        }

        @Override
        protected WriteSupport<T> getWriteSupport(Configuration configuration) {
            return rows;
        }
    }

    /** Passes values to Parquet one by one; its own group objects would create two objects for each list element. */
    private static final class WriteRows extends WriteSupport<List<?>> {
        private final List<Column> columns;
        private final MessageType schema;
        private RecordConsumer out;

        WriteRows(List<Column> columns, MessageType schema) {
            this.columns = columns;
            this.schema = schema;
        }

        @Override
        public WriteContext init(Configuration configuration) {
            return new WriteContext(schema, Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public void write(List<?> row) {
            out.startMessage();
            for (int i = 0; i < columns.size(); i++) {
                if (row.get(i) != null) {
                    out.startField(columns.get(i).name(), i);
                    write(columns.get(i).kind(), row.get(i));
                    out.endField(columns.get(i).name(), i);
                }
            }
            out.endMessage();
        }

        private void write(Kind kind, Object value) {
            switch (kind) {
                case INT -> out.addInteger((int) value);
                case LONG -> out.addLong((long) value);
                case DOUBLE -> out.addDouble((double) value);
                case BOOLEAN -> out.addBoolean((boolean) value);
                case STRING -> out.addBinary(Binary.fromString((String) value));
                case TIMESTAMP -> out.addLong(ChronoUnit.MICROS.between(Instant.EPOCH, (Instant) value));
                case INTS -> writeInts((int[]) value);
            }
        }

        private void writeInts(int[] values) {
            out.startGroup();
            if (values.length > 0) {
                out.startField("element", 0);
                for (int value : values) {
                    out.addInteger(value);
                }
                out.endField("element", 0);
            }
            out.endGroup();
        }
    }

    /** An output stream with the position that Parquet needs. */
    private record StreamFile(OutputStream out) implements OutputFile {
        @Override
        public PositionOutputStream create(long blockSizeHint) {
            return new PositionOutputStream() {
                private long position;

                @Override
                public long getPos() {
                    return position;
                }

                @Override
                public void write(int b) throws IOException {
                    out.write(b);
                    position++;
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    out.write(bytes, offset, length);
                    position += length;
                }

                @Override
                public void flush() throws IOException {
                    out.flush();
                }

                @Override
                public void close() throws IOException {
                    out.close();
                }
            };
        }

        @Override
        public PositionOutputStream createOrOverwrite(long blockSizeHint) {
            return create(blockSizeHint);
        }

        @Override
        public boolean supportsBlockSize() {
            return false;
        }

        @Override
        public long defaultBlockSize() {
            return 0;
        }
    }
}
