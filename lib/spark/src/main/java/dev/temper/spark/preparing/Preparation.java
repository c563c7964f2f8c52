package dev.temper.spark.preparing;

import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.SourceFiles;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
 * @param tables what was read of tables among the data
 * @param check looks at the first rows before any work is done, and refuses what would be trained wrongly
 */
public record Preparation(
        List<InputColumn> columns,
        List<Transformer> stages,
        List<String> settings,
        Consumer<JavaRDD<Row>> check,
        Map<DataConfig.Source, SourceFiles> tables) {
    public Preparation {
        columns = List.copyOf(columns);
        stages = List.copyOf(stages);
        tables = Map.copyOf(tables);
        settings = List.copyOf(settings);
    }

    /** Without a look at the first rows. */
    Preparation(List<InputColumn> columns, List<Transformer> stages, List<String> settings) {
        this(columns, stages, settings, rows -> {});
    }

    /** Of files alone. */
    Preparation(
            List<InputColumn> columns, List<Transformer> stages, List<String> settings, Consumer<JavaRDD<Row>> check) {
        this(columns, stages, settings, check, Map.of());
    }

    /** The same with the rows of tables. */
    public Preparation with(Map<DataConfig.Source, SourceFiles> snapshots) {
        return new Preparation(columns, stages, settings, check, snapshots);
    }

    /** What is read of the data. */
    public ReadTable table(DataConfig data) {
        List<InputColumn> all = new ArrayList<>(columns);
        if (balance(data) == columns.size()) {
            all.add(new InputColumn(data.balanceBy().get(), Content.LABEL, true));
        }
        return ReadTable.of(all, data);
    }

    public RowShape shape(DataConfig data) {
        return new RowShape(columns.size(), ReadTable.options(columns), balance(data));
    }

    /** The place of the column that rows are balanced by, behind the others where they do not have it; -1: none. */
    private int balance(DataConfig data) {
        if (data.balanceBy().isEmpty()) {
            return -1;
        }
        int place = columns.stream()
                .map(InputColumn::name)
                .toList()
                .indexOf(data.balanceBy().get());
        return place < 0 ? columns.size() : place;
    }
}
