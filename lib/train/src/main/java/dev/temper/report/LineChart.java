package dev.temper.report;

import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A line chart with two axes. The legend is placed where it covers the least of the lines. */
final class LineChart {
    private static final Rectangle2D PLOT = new Rectangle2D.Double(84, 84, 784, 540);
    private static final int MAX_NAMED = 10; // further lines are grey: more colours cannot be told apart
    private static final int MAX_DOTS = 60;
    private static final Color REST = new Color(0xC4CAD1);
    private static final float[][] DASHES = {{}, {9, 3}, {3, 3}, {10, 3, 2, 3}};

    private final Axis across;
    private final Axis up;
    private final boolean isRates;

    private LineChart(Axis across, Axis up, boolean isRates) {
        this.across = across;
        this.up = up;
        this.isRates = isRates;
    }

    /** A chart from 0 to 1 on both axes, with the diagonal of a random classifier. */
    static LineChart ofRates(String across, String up) {
        return new LineChart(Axis.ofRates(across), Axis.ofRates(up), true);
    }

    /** A chart of values by step, with axes that contain all of {@code lines}. */
    static LineChart ofSteps(List<Line> lines) {
        Axis steps = Axis.ofSteps(lines.stream().flatMapToDouble(Line::across));
        return new LineChart(steps, Axis.ofValues(lines.stream().flatMapToDouble(Line::up)), false);
    }

    /** A named series of points; a value that is not finite leaves a gap. */
    static final class Line {
        private final String name;
        private double[] xs = new double[64];
        private double[] ys = new double[64];
        private int size;

        Line(String name) {
            this.name = name;
        }

        void add(double x, double y) {
            if (size == xs.length) {
                xs = Arrays.copyOf(xs, 2 * size);
                ys = Arrays.copyOf(ys, 2 * size);
            }
            xs[size] = x;
            ys[size++] = y;
        }

        /** Text for the legend, such as {@code train/loss 0.412}: the name and the last finite value. */
        String last() {
            double[] values = up().toArray();
            return values.length == 0
                    ? name + " –"
                    : String.format(Locale.ROOT, "%s %.4g", name, values[values.length - 1]);
        }

        private DoubleStream across() {
            return Arrays.stream(xs, 0, size);
        }

        private DoubleStream up() {
            return Arrays.stream(ys, 0, size).filter(Double::isFinite);
        }
    }

    void draw(Canvas canvas, List<Line> lines) {
        axes(canvas);
        if (isRates) {
            canvas.stroke(
                    new Line2D.Double(PLOT.getX(), PLOT.getMaxY(), PLOT.getMaxX(), PLOT.getY()),
                    Canvas.FRAME,
                    1.2,
                    5,
                    5);
        }
        canvas.clip(
                new Rectangle2D.Double(PLOT.getX() - 3, PLOT.getY() - 3, PLOT.getWidth() + 6, PLOT.getHeight() + 6));
        IntStream.range(0, lines.size())
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> isSparse(lines.get(i)))
                        .thenComparing(Comparator.reverseOrder())) // short lines on top, then the first ones
                .forEach(i -> line(canvas, lines.get(i), i));
        canvas.clip(null);
        if (!lines.isEmpty()) {
            legend(canvas, lines);
        }
    }

    private void axes(Canvas canvas) {
        canvas.font(12);
        for (double tick : across.ticks()) {
            double x = x(tick);
            canvas.stroke(new Line2D.Double(x, PLOT.getY(), x, PLOT.getMaxY()), Canvas.GRID, 1);
            canvas.textCentered(across.label(tick), x, PLOT.getMaxY() + 20, Canvas.FAINT_INK);
        }
        for (double tick : up.ticks()) {
            double y = y(tick);
            canvas.stroke(new Line2D.Double(PLOT.getX(), y, PLOT.getMaxX(), y), Canvas.GRID, 1);
            canvas.textEndingAt(up.label(tick), PLOT.getX() - 8, y + 4, Canvas.FAINT_INK);
        }
        canvas.stroke(PLOT, Canvas.FRAME, 1);
        canvas.font(13);
        canvas.textCentered(across.name(), PLOT.getCenterX(), PLOT.getMaxY() + 46, Canvas.FAINT_INK);
        canvas.textUpwards(up.name(), 26, PLOT.getCenterY());
    }

    private void line(Canvas canvas, Line line, int index) {
        Path2D path = new Path2D.Double();
        boolean broken = true;
        double lastX = 0;
        double lastY = 0;
        for (int i = 0; i < line.size; i++) {
            double x = x(line.xs[i]);
            double y = y(line.ys[i]);
            if (!Double.isFinite(y)) {
                broken = true;
            } else if (broken) {
                path.moveTo(x, y);
                lastX = x;
                lastY = y;
                broken = false;
                // a line may have a million points
            } else if (i == line.size - 1 || Math.abs(x - lastX) + Math.abs(y - lastY) > 0.3) {
                path.lineTo(x, y);
                lastX = x;
                lastY = y;
            }
        }
        double width = index >= MAX_NAMED ? 1 : isRates || isSparse(line) ? 2 : 1.3;
        canvas.stroke(path, color(index), width, dashes(line, index));
        if (isSparse(line)) {
            dots(canvas, line, index);
        }
    }

    private void dots(Canvas canvas, Line line, int index) {
        for (int i = 0; i < line.size; i++) {
            if (Double.isFinite(line.ys[i])) {
                canvas.fill(new Ellipse2D.Double(x(line.xs[i]) - 3, y(line.ys[i]) - 3, 6, 6), color(index));
            }
        }
    }

    private void legend(Canvas canvas, List<Line> lines) {
        canvas.font(13);
        int named = Math.min(lines.size(), MAX_NAMED);
        List<String> names = new ArrayList<>();
        lines.subList(0, named).forEach(line -> names.add(fittedName(canvas, line.name)));
        if (lines.size() > named) {
            names.add("and " + (lines.size() - named) + " more");
        }
        double widest = names.stream().mapToDouble(canvas::width).max().orElse(0);
        double width = widest + 64;
        double height = names.size() * 22 + 12;
        Rectangle2D box = emptiestCorner(lines, width, height);
        double left = box.getX();
        double top = box.getY();
        canvas.fill(box, new Color(255, 255, 255, 225));
        canvas.stroke(box, Canvas.GRID, 1);
        for (int i = 0; i < names.size(); i++) {
            double y = top + 6 + 22 * (i + 0.5);
            canvas.stroke(new Line2D.Double(left + 10, y, left + 46, y), color(i), 2.5, dashes(lines.get(i), i));
            canvas.text(names.get(i), left + 54, y + 4.5, Canvas.INK);
        }
    }

    /** Shortens a long class name in the middle, so that the area that follows it stays visible. */
    private static String fittedName(Canvas canvas, String name) {
        int end = name.lastIndexOf(" (AUC");
        String value = end < 0 ? "" : name.substring(end);
        return canvas.fitted(end < 0 ? name : name.substring(0, end), 230) + value;
    }

    /** The corner in which the legend covers the least; on the right if both sides are equal. */
    private Rectangle2D emptiestCorner(List<Line> lines, double width, double height) {
        double right = PLOT.getMaxX() - width - 12;
        double bottom = PLOT.getMaxY() - height - 12;
        return Stream.of(right, PLOT.getX() + 12)
                .flatMap(left -> Stream.of(isRates ? bottom : PLOT.getY() + 12, isRates ? PLOT.getY() + 12 : bottom)
                        .map(top -> new Rectangle2D.Double(left, top, width, height)))
                .min(Comparator.comparingLong(box ->
                        lines.stream().mapToLong(line -> hidden(line, box)).sum()))
                .orElseThrow();
    }

    /** Number of line segments behind a rectangle. */
    private long hidden(Line line, Rectangle2D box) {
        return IntStream.range(0, line.size)
                .filter(i -> Double.isFinite(line.ys[i]))
                .filter(i -> {
                    int from = i > 0 && Double.isFinite(line.ys[i - 1]) ? i - 1 : i;
                    return box.intersectsLine(x(line.xs[from]), y(line.ys[from]), x(line.xs[i]), y(line.ys[i]));
                })
                .count();
    }

    private static Color color(int index) {
        return index < MAX_NAMED ? Canvas.LINES.get(index % Canvas.LINES.size()) : REST;
    }

    /** Dashes distinguish lines in print, but hide the details of a line with many points. */
    private float[] dashes(Line line, int index) {
        return index < MAX_NAMED && (isRates || isSparse(line)) ? DASHES[index % DASHES.length] : DASHES[0];
    }

    private boolean isSparse(Line line) {
        return !isRates && line.size <= MAX_DOTS;
    }

    private double x(double value) {
        return PLOT.getX() + across.part(value) * PLOT.getWidth();
    }

    private double y(double value) {
        return PLOT.getMaxY() - up.part(value) * PLOT.getHeight();
    }
}
