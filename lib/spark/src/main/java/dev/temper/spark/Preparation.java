package dev.temper.spark;

import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.Row;

/**
 * How rows become tokens.
 *
 * @param columns what the stages read
 * @param stages add {@code input_ids} and {@code labels}, or {@code _reason} and {@code _detail}; may add {@code label}
 *     and {@code full_length}. They keep all rows in their order and partition
 * @param settings all that the stages' work follows from and {@link DataConfig} does not say, such as the text of a
 *     template: other settings, other prepared data
 * @param check looks at the first rows before any work is done, and refuses what would be trained wrongly
 */
public record Preparation(
        List<InputColumn> columns, List<Transformer> stages, List<String> settings, Consumer<JavaRDD<Row>> check) {
    public Preparation {
        columns = List.copyOf(columns);
        stages = List.copyOf(stages);
        settings = List.copyOf(settings);
    }

    /** Without a look at the first rows. */
    Preparation(List<InputColumn> columns, List<Transformer> stages, List<String> settings) {
        this(columns, stages, settings, rows -> {});
    }
}
