package dev.temper.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A table of an evaluation.
 *
 * @param name of its file, or its heading
 * @param rows cells are texts, whole numbers ({@code Long}) and others ({@code Double}); {@code NaN} is undefined
 */
public record ResultTable(String name, List<Column> columns, List<List<?>> rows) {
    /** One column; of numbers, or of texts. */
    public record Column(String name, Class<?> type) {}

    public ResultTable {
        columns = List.copyOf(columns);
        rows = Collections.unmodifiableList(new ArrayList<>(rows));
    }

    /** A table for people, whose columns hold whatever they are given. */
    public static ResultTable shown(String heading, List<String> headers, List<List<?>> rows) {
        return new ResultTable(
                heading,
                headers.stream().map(header -> new Column(header, Object.class)).toList(),
                rows);
    }

    List<String> headers() {
        return columns.stream().map(Column::name).toList();
    }

    /** The cells as people read them. */
    List<List<String>> texts() {
        return rows.stream()
                .map(row -> row.stream()
                        .map(cell -> cell instanceof Number number ? Numbers.shown(number) : cell.toString())
                        .toList())
                .toList();
    }
}
