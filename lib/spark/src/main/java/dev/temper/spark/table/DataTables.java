package dev.temper.spark.table;

import static dev.temper.check.Check.invalid;

import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * DataFrames that a program passes in, by the names that {@code data.train} and {@code data.eval} use for them, as in
 * {@code {dataframe: train}}. Each is read once.
 */
public record DataTables(Map<String, Dataset<Row>> frames) {
    /** No DataFrames, as for a command. */
    public static final DataTables NONE = new DataTables(Map.of());

    public DataTables {
        frames = Map.copyOf(frames);
    }

    Dataset<Row> frame(String name) {
        if (!frames.containsKey(name)) {
            throw invalid(
                    "data: there is no DataFrame %s: a program hands one over by this name; a recipe of a command names"
                            + " a location, a table or sql",
                    name);
        }
        return frames.get(name);
    }
}
