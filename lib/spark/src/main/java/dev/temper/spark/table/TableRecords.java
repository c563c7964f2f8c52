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

/** Writes Spark's rows as Parquet records, independent of the session's settings and of Spark's version. */
record TableRecords(StructType schema) implements Serializable {
    private static final String REBASE = "spark.sql.parquet.datetimeRebaseModeInWrite";

    /** Work that needs the setting that Spark's own writer reads from the job's local properties. */
    interface Job<T> {
        T run();
    }

    /** Runs a job that writes records, with days before 1582 written unchanged (proleptic Gregorian). */
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

    /** A writer for one thread. */
    WriteSupport<InternalRow> writing() {
        return new Records();
    }

    /** A writer that passes the rows to the converters of {@code values}. */
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

    /** Leaves out what Spark adds to a footer: its version, and the session's time zone. */
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
