package dev.temper.spark;

import dev.temper.spark.storage.HadoopStore;
import java.util.Iterator;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * A stage that works on the rows of a partition as they come. Where all stages do, Spark's SQL is not needed, which
 * takes seconds to start.
 */
public interface RowStage {
    /** The schema of the rows that {@link #rows} makes of rows with this one. */
    StructType transformSchema(StructType schema);

    /** @param schema of the rows it will get, {@code _reason} and {@code _detail} included */
    FlatMapFunction<Iterator<Row>, Row> rows(HadoopStore store, StructType schema);
}
