package dev.temper.track;

import dev.temper.check.Printable;
import java.util.ArrayList;
import java.util.List;

/**
 * A table of text for the console. Long cells are wrapped at their column's width, line breaks show as {@code ⏎}, tabs
 * as a space, what else a terminal would obey as {@link Printable} shows it.
 */
public final class TextTable {
    private static final String GAP = "  ";

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

    /** Appends a row, one cell for each column. */
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

    /** The table, with a line break at its end. */
    @Override
    public String toString() {
        int[] widths = new int[rows.get(0).size()];
        List<List<List<String>>> wrapped = new ArrayList<>(); // row, column, line
        for (List<String> row : rows) {
            List<List<String>> cells = row.stream().map(this::wrap).toList();
            for (int column = 0; column < widths.length; column++) {
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

    /** Breaks at the last space that fits, or within a word longer than the width. */
    private List<String> wrap(String cell) {
        List<String> lines = new ArrayList<>();
        String rest = cell;
        while (width(rest) > maxCellWidth) {
            int end = rest.offsetByCodePoints(0, maxCellWidth);
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
