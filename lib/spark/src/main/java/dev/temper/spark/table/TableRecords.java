package dev.temper.spark.table;

import dev.temper.spark.reading.ParquetValues;
import java.io.Serializable;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.datasources.parquet.ParquetWriteSupport;
import org.apache.spark.sql.execution.datasources.parquet.SparkToParquetSchemaConverter;
import org.apache.spark.sql.types.StructType;

/** Spark's rows as Parquet records, the same under any settings of the session and with any version of Spark. */
record TableRecords(StructType schema) implements Serializable {
    private static final String REBASE = "spark.sql.parquet.datetimeRebaseModeInWrite";

    /** Spark's own writer of rows looks for this one setting among those of the job. */
    interface Job<T> {
        T run();
    }

    /** Runs jobs that write records: days before 1582 stand in them as they are. */
    static <T> T underSettings(SparkContext context, Job<T> job) {
        String before = context.getLocalProperty(REBASE);
        context.setLocalProperty(REBASE, "CORRECTED");
        try {
            return job.run();
        } finally {
            context.setLocalProperty(REBASE, before);
        }
    }

    MessageType parquetSchema() {
        return new SparkToParquetSchemaConverter(configuration()).convert(schema);
    }

    /** For one thread. */
    WriteSupport<InternalRow> writing() {
        return new Records();
    }

    /** The rows that are written become what {@code values} makes of them. */
    WriteSupport<InternalRow> replaying(ParquetValues values) {
        WriteSupport<InternalRow> records = new Records();
        records.init(configuration());
        records.prepareForWrite(new ReplayedRecord(values));
        return records;
    }

    private Configuration configuration() {
        Configuration configuration = new Configuration(false);
        ParquetWriteSupport.setSchema(schema, configuration);
        configuration.set("spark.sql.parquet.writeLegacyFormat", "false");
        configuration.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS");
        configuration.set("spark.sql.parquet.fieldId.write.enabled", "false");
        return configuration;
    }

    /** Without what Spark notes in a footer: its version, and the time zone of the session. */
    private final class Records extends WriteSupport<InternalRow> {
        private final ParquetWriteSupport records = new ParquetWriteSupport();

        @Override
        public WriteContext init(Configuration ignored) {
            return new WriteContext(records.init(configuration()).getSchema(), Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            records.prepareForWrite(consumer);
        }

        @Override
        public void write(InternalRow row) {
            records.write(row);
        }
    }
}
