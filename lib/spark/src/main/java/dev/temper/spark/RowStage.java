package dev.temper.spark;

import dev.temper.spark.storage.HadoopStore;
import java.util.Iterator;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * A stage that maps the rows of a partition one after the other. A pipeline of such stages can run on an RDD, without
 * Spark SQL, which takes seconds to start.
 */
public interface RowStage {
    /** The schema of the output rows for an input schema. */
    StructType transformSchema(StructType schema);

    /**
     * The function that maps the rows of a partition.
     *
     * @param schema of the input rows, {@code _reason} and {@code _detail} included
     */
    FlatMapFunction<Iterator<Row>, Row> rows(HadoopStore store, StructType schema);
}
