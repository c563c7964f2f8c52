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
 * How rows are turned into tokens.
 *
 * @param columns that the stages read
 * @param stages append {@code input_ids} and {@code labels}, or {@code _reason} and {@code _detail}; may append
 *     {@code label} and {@code full_length}. They must preserve all rows, their order and partition
 * @param settings everything that determines the stages' output and is not in {@link DataConfig}, such as the text of a
 *     chat template; part of the key of the prepared data
 * @param tables snapshots of the tables among the sources
 * @param check examines the first rows before any other work, and throws if they would be trained wrongly
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

    /** A preparation that does not examine the first rows. */
    Preparation(List<InputColumn> columns, List<Transformer> stages, List<String> settings) {
        this(columns, stages, settings, rows -> {});
    }

    /** A preparation of files, without tables. */
    Preparation(
            List<InputColumn> columns, List<Transformer> stages, List<String> settings, Consumer<JavaRDD<Row>> check) {
        this(columns, stages, settings, check, Map.of());
    }

    /** A copy with snapshots of tables. */
    public Preparation with(Map<DataConfig.Source, SourceFiles> snapshots) {
        return new Preparation(columns, stages, settings, check, snapshots);
    }

    /** Which columns are read, and how. */
    public ReadTable table(DataConfig data) {
        List<InputColumn> all = new ArrayList<>(columns);
        if (balance(data) == columns.size()) {
            all.add(new InputColumn(data.balanceBy().get(), Content.LABEL, true));
        }
        return ReadTable.of(all, data);
    }

    /** The roles of the columns that are read. */
    public RowShape shape(DataConfig data) {
        return new RowShape(columns.size(), ReadTable.options(columns), balance(data));
    }

    /** Index of the column {@code balance_by}, which is appended to the columns if it is not among them; -1: none. */
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
