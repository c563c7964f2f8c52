package dev.temper.report;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A confusion matrix: a row for each actual class, a column for each predicted one. The darkness of a cell is its share
 * of its row.
 */
final class ConfusionMatrixChart {
    private static final double TOP = 84;
    private static final double RIGHT = 800; // right edge of the matrix; the colour scale is to the right of it
    private static final double LABEL_SIZE = 13;
    private static final double LABEL_LIMIT = 210;
    private static final double SLANT = Math.toRadians(40); // of column labels that are too wide for their column
    private static final double SMALLEST_TEXT = 7.5;
    private static final Color DARKEST = new Color(0x08306B);
    private static final Color MIDDLE = new Color(0x4292C6);

    /** @param support number of rows of the cell's actual class */
    private record Cell(Rectangle2D area, long count, long support) {
        double share() {
            return support == 0 ? 0 : (double) count / support;
        }

        String percent() {
            return support == 0 ? "–" : String.format(Locale.ROOT, "%.1f %%", 100 * share());
        }
    }

    private final List<String> labels;
    private final long[][] counts;

    ConfusionMatrixChart(List<String> labels, long[][] counts) {
        this.labels = labels;
        this.counts = counts;
    }

    void draw(Canvas canvas) {
        canvas.font(LABEL_SIZE);
        double longest = labels.stream()
                .mapToDouble(label -> canvas.width(canvas.fitted(label, LABEL_LIMIT)))
                .max()
                .orElse(0);
        double left = 58 + longest;
        double cellWidth = (RIGHT - left) / labels.size();
        boolean slanted = longest > cellWidth - 8;
        double bottom = Canvas.HEIGHT - 44 - (slanted ? 12 + longest * Math.sin(SLANT) : 22);
        Rectangle2D matrix = new Rectangle2D.Double(left, TOP, RIGHT - left, bottom - TOP);
        cells(canvas, matrix);
        labels(canvas, matrix, slanted);
        canvas.font(LABEL_SIZE);
        canvas.textUpwards("actual", 28, matrix.getCenterY());
        canvas.textCentered("predicted", matrix.getCenterX(), Canvas.HEIGHT - 18, Canvas.FAINT_INK);
        scale(canvas, new Rectangle2D.Double(RIGHT + 24, TOP, 16, bottom - TOP));
    }

    private void cells(Canvas canvas, Rectangle2D matrix) {
        double width = matrix.getWidth() / labels.size();
        double height = matrix.getHeight() / labels.size();
        double size = countSize(canvas, width, height);
        for (int actual = 0; actual < counts.length; actual++) {
            long support = Arrays.stream(counts[actual]).sum();
            for (int predicted = 0; predicted < counts.length; predicted++) {
                Rectangle2D area = new Rectangle2D.Double(
                        matrix.getX() + predicted * width, matrix.getY() + actual * height, width, height);
                draw(canvas, new Cell(area, counts[actual][predicted], support), size);
            }
        }
        canvas.stroke(matrix, Canvas.FRAME, 1);
    }

    /** Font size at which the widest count fits into a cell. */
    private double countSize(Canvas canvas, double width, double height) {
        canvas.boldFont(20);
        double widest = Arrays.stream(counts)
                .flatMapToLong(Arrays::stream)
                .mapToDouble(count -> canvas.width(number(count)))
                .max()
                .orElse(1);
        return Math.min(Math.min(26, height * 0.42), 20 * (width - 4) / Math.max(widest, canvas.width("0000")));
    }

    private static void draw(Canvas canvas, Cell cell, double size) {
        Rectangle2D area = cell.area();
        canvas.fill(area, shade(cell.share()));
        canvas.stroke(area, Canvas.GRID, area.getWidth() < 12 ? 0.25 : 1);
        if (size < SMALLEST_TEXT) {
            return;
        }
        Color ink = cell.share() > 0.55 ? Color.WHITE : Canvas.INK;
        double small = size * 0.66;
        boolean hasPercent = small >= SMALLEST_TEXT && area.getHeight() > size + small + 8;
        double middle = area.getCenterY() + size * 0.36;
        canvas.boldFont(size);
        canvas.textCentered(number(cell.count), area.getCenterX(), hasPercent ? middle - small * 0.6 : middle, ink);
        if (hasPercent) {
            canvas.font(small);
            canvas.textCentered(cell.percent(), area.getCenterX(), middle + small * 0.75, ink);
        }
    }

    private void labels(Canvas canvas, Rectangle2D matrix, boolean slanted) {
        double width = matrix.getWidth() / labels.size();
        double height = matrix.getHeight() / labels.size();
        canvas.font(LABEL_SIZE);
        int everyRow = (int) Math.ceil((LABEL_SIZE + 1) / height);
        int everyColumn = slanted ? (int) Math.ceil((LABEL_SIZE + 2) / (width * Math.sin(SLANT))) : 1;
        for (int k = 0; k < labels.size(); k++) {
            String label = canvas.fitted(labels.get(k), LABEL_LIMIT);
            double y = matrix.getY() + (k + 0.5) * height + LABEL_SIZE * 0.36;
            double x = matrix.getX() + (k + 0.5) * width;
            if (k % everyRow == 0) {
                canvas.textEndingAt(label, matrix.getX() - 8, y, Canvas.INK);
            }
            if (slanted && k % everyColumn == 0) {
                canvas.textRisingTo(label, x + 5, matrix.getMaxY() + 14, SLANT);
            } else if (!slanted) {
                canvas.textCentered(canvas.fitted(labels.get(k), width - 8), x, matrix.getMaxY() + 20, Canvas.INK);
            }
        }
    }

    private static void scale(Canvas canvas, Rectangle2D bar) {
        int steps = 100;
        double height = bar.getHeight() / steps;
        for (int i = 0; i < steps; i++) {
            double y = bar.getMaxY() - (i + 1) * height;
            canvas.fill(new Rectangle2D.Double(bar.getX(), y, bar.getWidth(), height + 0.5), shade((i + 0.5) / steps));
        }
        canvas.stroke(bar, Canvas.FRAME, 1);
        canvas.font(11);
        for (int i = 0; i <= 4; i++) {
            double y = bar.getMaxY() - i * bar.getHeight() / 4 + 4;
            canvas.text(25 * i + " %", bar.getMaxX() + 6, y, Canvas.FAINT_INK);
        }
        canvas.textUpwards("share of the actual class", bar.getMaxX() + 50, bar.getCenterY());
    }

    /** From white to dark blue, darker with a larger share, so that a black-and-white print still shows the order. */
    static Color shade(double share) {
        return share < 0.5 ? mix(Color.WHITE, MIDDLE, 2 * share) : mix(MIDDLE, DARKEST, 2 * share - 1);
    }

    private static Color mix(Color from, Color to, double part) {
        return new Color(
                (int) Math.round(from.getRed() + part * (to.getRed() - from.getRed())),
                (int) Math.round(from.getGreen() + part * (to.getGreen() - from.getGreen())),
                (int) Math.round(from.getBlue() + part * (to.getBlue() - from.getBlue())));
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
