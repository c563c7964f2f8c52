package dev.temper.track;

import dev.temper.check.Printable;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * Shows how far training is: {@code [####----] step 120/400 loss 1.234 lr 1e-4 3,456 tokens/s time left 0:42}.
 *
 * <p>In a terminal one line is redrawn; anywhere else a plain line is printed every few seconds, and nothing but text
 * ever reaches a log file. Speed and time left come from the last updates, so a slow start or an evaluation fades. Safe
 * for use from several threads.
 */
public final class ProgressBar implements AutoCloseable {
    private static final int WIDTH = 8;
    private static final int COLUMNS = 80; // of a terminal; a longer line would wrap and could not be redrawn
    private static final int RATE_STEPS = 50; // over which speed is measured
    private static final Duration REDRAW = Duration.ofMillis(100);
    private static final Duration PRINT = Duration.ofSeconds(5);

    private final PrintStream out;
    private final Clock clock;
    private final int steps;
    private final boolean redraws;
    private final Deque<Mark> marks = new ArrayDeque<>();
    private Instant shown = Instant.MIN;
    private String line = "";
    private int drawn; // characters of the line the terminal shows
    private boolean pending; // the newest line is not shown yet

    private record Mark(Instant time, int step, long tokens) {}

    /**
     * What has been done so far.
     *
     * @param step finished updates
     * @param tokens trained tokens since training began
     */
    public record Progress(int step, double loss, double learningRate, long tokens) {}

    private ProgressBar(PrintStream out, Clock clock, int steps, boolean redraws) {
        this.out = out;
        this.clock = clock;
        this.steps = steps;
        this.redraws = redraws;
        marks.add(new Mark(clock.instant(), 0, 0));
    }

    /** Redraws one line. */
    public static ProgressBar terminal(PrintStream out, Clock clock, int steps) {
        return new ProgressBar(out, clock, steps, true);
    }

    /** Prints a plain line every few seconds. */
    public static ProgressBar lines(PrintStream out, Clock clock, int steps) {
        return new ProgressBar(out, clock, steps, false);
    }

    /** On standard output, as a terminal when it is one. */
    public static ProgressBar standard(int steps) {
        return new ProgressBar(System.out, Clock.systemUTC(), steps, Terminal.isTerminal());
    }

    /** Training goes on from here; only what comes after it counts for the speed. */
    public synchronized void start(int step, long tokens) {
        marks.clear();
        marks.add(new Mark(clock.instant(), step, tokens));
    }

    public synchronized void update(Progress progress) {
        Instant now = clock.instant();
        Mark oldest = marks.getFirst();
        Mark newest = new Mark(now, progress.step(), progress.tokens());
        marks.addLast(newest);
        if (marks.size() > RATE_STEPS) {
            marks.removeFirst();
        }
        line = line(progress, oldest, newest);
        pending = true;
        boolean isFirst = shown.equals(Instant.MIN);
        if (isFirst || !now.isBefore(shown.plus(redraws ? REDRAW : PRINT))) {
            show(now);
        }
    }

    /** Prints a line of its own, above the bar. */
    public synchronized void print(String text) {
        if (drawn > 0) {
            out.print("\r" + " ".repeat(drawn) + "\r");
        }
        out.println(Printable.line(text));
        if (drawn > 0) {
            out.print(line);
            drawn = line.length();
        }
        out.flush();
    }

    /** Shows the last state and ends the line. */
    @Override
    public synchronized void close() {
        if (pending) {
            show(clock.instant());
        }
        if (drawn > 0) {
            out.println();
            drawn = 0;
        }
        out.flush();
    }

    private void show(Instant now) {
        if (redraws) {
            out.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
            drawn = line.length();
        } else {
            out.println(line);
        }
        out.flush();
        shown = now;
        pending = false;
    }

    private String line(Progress progress, Mark from, Mark to) {
        int filled = (int) ((long) WIDTH * Math.min(progress.step(), steps) / Math.max(1, steps));
        double seconds = Duration.between(from.time, to.time).toNanos() / 1e9;
        String text = String.format(
                Locale.ROOT,
                "[%s%s] step %d/%d  loss %.4g  lr %s",
                "#".repeat(filled),
                "-".repeat(WIDTH - filled),
                progress.step(),
                steps,
                progress.loss(),
                brief(progress.learningRate()));
        if (seconds > 0 && to.step > from.step) {
            double left = seconds / (to.step - from.step) * Math.max(0, steps - to.step);
            text += String.format(Locale.ROOT, "  %,.0f tokens/s", (to.tokens - from.tokens) / seconds);
            text += "  time left " + hoursAndMinutes(Math.round(left));
        }
        return redraws && text.length() >= COLUMNS ? text.substring(text.indexOf("step")) : text;
    }

    /** As 1e-4 or 9.87e-5. */
    private static String brief(double rate) {
        return String.format(Locale.ROOT, "%.2e", rate)
                .replaceAll("\\.?0*e([-+])0*(?=\\d)", "e$1")
                .replace("e+", "e");
    }

    private static String hoursAndMinutes(long seconds) {
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
