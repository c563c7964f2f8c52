package dev.temper.track;

import dev.temper.check.Printable;
import java.util.ArrayList;
import java.util.List;

/**
 * A table of text for the console. Long cells are wrapped; line breaks in cells are shown as {@code ⏎}, tabs as a
 * space, and control characters as {@link Printable} escapes them.
 */
public final class TextTable {
    private static final String GAP = "  ";
    private static final int NARROWEST = 8;

    private final int maxCellWidth;
    private final List<List<String>> rows = new ArrayList<>();

    /** @param maxCellWidth in characters; longer cells are wrapped */
    public TextTable(int maxCellWidth, String... headers) {
        if (maxCellWidth < 1 || headers.length == 0) {
            throw new IllegalArgumentException("a table has columns at least one character wide");
        }
        this.maxCellWidth = maxCellWidth;
        add((Object[]) headers);
    }

    /** Appends a row with one cell per column. */
    public TextTable add(Object... cells) {
        if (!rows.isEmpty() && cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    cells.length + " cells for " + rows.get(0).size() + " columns");
        }
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(visible(String.valueOf(cell)));
        }
        rows.add(row);
        return this;
    }

    /** The table, ending with a line break, at most as wide as the terminal. */
    @Override
    public String toString() {
        return toString(Terminal.columns());
    }

    /** @param columns maximum width, unless there are too many columns for it */
    String toString(int columns) {
        int[] limits = limits(columns);
        int[] widths = new int[limits.length];
        List<List<List<String>>> wrapped = new ArrayList<>(); // by row, column, line
        for (List<String> row : rows) {
            List<List<String>> cells = new ArrayList<>();
            for (int column = 0; column < widths.length; column++) {
                cells.add(wrap(row.get(column), limits[column]));
                for (String line : cells.get(column)) {
                    widths[column] = Math.max(widths[column], width(line));
                }
            }
            wrapped.add(cells);
        }
        StringBuilder text = new StringBuilder();
        print(wrapped.get(0), widths, text);
        List<List<String>> rule = new ArrayList<>();
        for (int width : widths) {
            rule.add(List.of("-".repeat(width)));
        }
        print(rule, widths, text);
        wrapped.subList(1, wrapped.size()).forEach(row -> print(row, widths, text));
        return text.toString();
    }

    /** Maximum width of the cells of each column: the widest columns are narrowed first. */
    private int[] limits(int columns) {
        int[] limits = new int[rows.get(0).size()];
        long all = (long) GAP.length() * (limits.length - 1);
        for (int column = 0; column < limits.length; column++) {
            int place = column;
            int widest =
                    rows.stream().mapToInt(row -> width(row.get(place))).max().orElse(0);
            limits[column] = Math.min(maxCellWidth, widest);
            all += limits[column];
        }
        for (; all > columns; all--) {
            int widest = 0;
            for (int column = 1; column < limits.length; column++) {
                widest = limits[column] > limits[widest] ? column : widest;
            }
            if (limits[widest] <= NARROWEST) {
                break;
            }
            limits[widest]--;
        }
        return limits;
    }

    private static void print(List<List<String>> cells, int[] widths, StringBuilder text) {
        int lines = cells.stream().mapToInt(List::size).max().orElse(0);
        for (int line = 0; line < lines; line++) {
            StringBuilder row = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                List<String> cell = cells.get(column);
                String part = line < cell.size() ? cell.get(line) : "";
                row.append(column == 0 ? "" : GAP).append(part).append(" ".repeat(widths[column] - width(part)));
            }
            text.append(row.toString().stripTrailing()).append('\n');
        }
    }

    /** Breaks at the last space that fits, or within a word that is longer than the limit. */
    private static List<String> wrap(String cell, int limit) {
        List<String> lines = new ArrayList<>();
        String rest = cell;
        while (width(rest) > limit) {
            int end = rest.offsetByCodePoints(0, limit);
            int space = rest.lastIndexOf(' ', end);
            boolean breaksAtSpace = space > 0;
            lines.add(rest.substring(0, breaksAtSpace ? space : end));
            rest = rest.substring(breaksAtSpace ? space + 1 : end);
        }
        lines.add(rest);
        return lines;
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }

    private static String visible(String cell) {
        return Printable.line(cell.replace("\r\n", "\n").replace('\n', '⏎').replace('\t', ' '));
    }
}
