package dev.temper.run.draft;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.temper.spark.reading.LocalRows;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the columns of a data set hold.
 *
 * @param table how a CSV is written, with its columns
 * @param rows that were looked at
 * @param isAll whether there are no more
 */
record ColumnSurvey(ReadTable table, List<Column> columns, long rows, boolean isAll) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MAX_ROWS = 200_000;
    private static final long MAX_TEXT = 64_000_000; // characters of all rows together
    private static final int MAX_NAME = 60;
    private static final int MAX_VALUES = 100;

    /**
     * One column.
     *
     * @param filled rows where it is not null
     * @param characters of all values
     * @param values how often each occurs; empty where there are too many to be classes
     * @param first value that is not null; null without any
     */
    record Column(String name, long filled, long characters, Map<String, Long> values, String first) {
        /** A list or object, nested or as JSON text; missing where it is a text. */
        JsonNode nested() {
            boolean isSuspect = first != null && (first.startsWith("[") || first.startsWith("{"));
            try {
                JsonNode value = isSuspect ? JSON.readTree(first) : MissingNode.getInstance();
                return value.isContainerNode() ? value : MissingNode.getInstance();
            } catch (JsonProcessingException e) {
                return MissingNode.getInstance();
            }
        }

        boolean isNested() {
            return nested().isContainerNode();
        }

        /** Texts, and not numbers alone. */
        boolean isText() {
            boolean areNumbers = !values.isEmpty() && values.keySet().stream().allMatch(ColumnSurvey::isNumber);
            return filled > 0 && !isNested() && !areNumbers;
        }

        /** Characters of a value, where there is one. */
        long width() {
            return filled == 0 ? 0 : characters / filled;
        }
    }

    /** Counts while rows are read. */
    private static final class Count {
        private final Map<String, Long> values = new HashMap<>();
        private boolean isOpen; // too many values
        private long filled;
        private long characters;
        private String first;

        void add(String value) {
            if (value == null) {
                return;
            }
            first = first == null ? value : first;
            filled++;
            characters += value.length();
            if (!isOpen) {
                values.merge(value, 1L, Long::sum);
                isOpen = values.size() > MAX_VALUES || value.length() > MAX_NAME;
            }
        }

        Column column(String name) {
            return new Column(name, filled, characters, isOpen ? Map.of() : Map.copyOf(values), first);
        }
    }

    /**
     * Reads the rows, or as many of them as tell what is in their columns.
     *
     * @param encoding of CSV and JSON
     * @throws dev.temper.check.InvalidInputException when the data cannot be read, or has no rows
     */
    static ColumnSurvey read(HadoopStore store, String location, String encoding) throws IOException {
        ReadTable table = table(store, location, encoding);
        List<InputColumn> columns = table.columns();
        Map<String, Count> counts = new HashMap<>();
        columns.forEach(column -> counts.put(column.name(), new Count()));
        long rows = 0;
        long characters = 0;
        boolean isAll;
        try (LocalRows all = LocalRows.open(store, location, table)) {
            while (all.hasNext() && rows < MAX_ROWS && characters < MAX_TEXT) {
                for (Map.Entry<String, String> cell : all.next().values().entrySet()) {
                    counts.get(cell.getKey()).add(cell.getValue());
                    characters += cell.getValue() == null ? 0 : cell.getValue().length();
                }
                rows++;
            }
            isAll = !all.hasNext();
        }
        check(rows > 0, "data: %s has no rows", location);
        List<Column> found = new ArrayList<>();
        columns.forEach(column -> found.add(counts.get(column.name()).column(column.name())));
        return new ColumnSurvey(table, found, rows, isAll);
    }

    /** How a CSV is written, told by its first line, with all of its columns. */
    private static ReadTable table(HadoopStore store, String location, String encoding) throws IOException {
        InputColumn any = new InputColumn("text", InputColumn.Content.LABEL, false);
        ReadTable usual = new ReadTable(List.of(any), encoding, ",", true, DataConfig.MAX_CHARACTERS);
        List<InputColumn> columns = LocalRows.columns(store, location, usual);
        check(!columns.isEmpty(), "data: %s has no columns that hold texts", location);
        String delimiter = columns.size() == 1 && columns.get(0).name().contains(";") ? ";" : ",";
        ReadTable like = new ReadTable(usual.columns(), encoding, delimiter, true, usual.maxCharacters());
        columns = LocalRows.columns(store, location, like);
        boolean header = columns.stream().map(InputColumn::name).noneMatch(ColumnSurvey::isData);
        like = new ReadTable(usual.columns(), encoding, delimiter, header, usual.maxCharacters());
        columns = header ? columns : LocalRows.columns(store, location, like);
        return new ReadTable(columns, encoding, delimiter, header, usual.maxCharacters());
    }

    Optional<Column> find(String name) {
        return columns.stream().filter(column -> column.name().equals(name)).findFirst();
    }

    /** The first of these names that a column with values has. */
    Optional<Column> any(List<String> names) {
        return names.stream()
                .flatMap(name -> columns.stream().filter(column -> column.name().equalsIgnoreCase(name)))
                .filter(column -> column.filled() > 0)
                .findFirst();
    }

    /** How many rows there are, for people. */
    String size() {
        return "%s%,d rows".formatted(isAll ? "" : "more than ", rows);
    }

    static boolean isNumber(String text) {
        return text.matches("[+-]?\\d{1,18}(\\.\\d*)?");
    }

    /** No name of a column. */
    private static boolean isData(String name) {
        return isNumber(name) || name.length() > MAX_NAME;
    }
}
