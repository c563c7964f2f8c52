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
 * Shows the progress of training: {@code [####----] step 120/400 loss 1.234 lr 1e-4 3,456 tokens/s time left 0:42}.
 *
 * <p>On a terminal one line is redrawn; elsewhere a plain line is printed every few seconds, so that log files contain
 * no control characters. The loss is {@code train/loss}, the mean since it was last logged; the speed is that of the
 * last updates. Thread-safe.
 */
public final class ProgressBar implements AutoCloseable {
    private static final int WIDTH = 8;
    private static final int RATE_STEPS = 50; // window over which the speed is computed
    private static final Duration REDRAW = Duration.ofMillis(100);
    private static final Duration PRINT = Duration.ofSeconds(5);

    private final PrintStream out;
    private final Clock clock;
    private final int steps;
    private final boolean redraws;
    private final int columns; // width of the terminal; a longer line would wrap and could not be redrawn
    private final Deque<Mark> marks = new ArrayDeque<>();
    private Instant shown = Instant.MIN;
    private String line = "";
    private String last = ""; // the latest line without the remaining time, printed at the end
    private int drawn; // characters that the terminal shows at the moment
    private boolean pending; // the latest line has not been printed yet

    private record Mark(double seconds, long tokens) {}

    /**
     * The state of training.
     *
     * @param step number of finished updates
     * @param tokens trained tokens since training began
     * @param seconds duration of their updates
     * @param secondsLeft estimated time to the end; NaN while unknown
     */
    public record Progress(
            int step, double loss, double learningRate, long tokens, double seconds, double secondsLeft) {}

    private ProgressBar(PrintStream out, Clock clock, int steps, int columns) {
        this.out = out;
        this.clock = clock;
        this.steps = steps;
        this.redraws = columns > 0;
        this.columns = columns;
        marks.add(new Mark(0, 0));
    }

    /** A bar that redraws one line with at most {@code columns} characters. */
    public static ProgressBar terminal(PrintStream out, Clock clock, int steps, int columns) {
        return new ProgressBar(out, clock, steps, columns);
    }

    /** A bar that prints a plain line every few seconds. */
    public static ProgressBar lines(PrintStream out, Clock clock, int steps) {
        return new ProgressBar(out, clock, steps, 0);
    }

    /** A bar on standard output, which redraws its line if that is a terminal. */
    public static ProgressBar standard(int steps) {
        return new ProgressBar(System.out, Clock.systemUTC(), steps, Terminal.isTerminal() ? Terminal.columns() : 0);
    }

    /** Training continues from a checkpoint: the speed is measured from here on. */
    public synchronized void restart() {
        marks.clear();
    }

    /** Shows a new state. */
    public synchronized void update(Progress progress) {
        Instant now = clock.instant();
        marks.addLast(new Mark(progress.seconds(), progress.tokens()));
        last = fitted(line(progress, marks.getFirst(), marks.getLast()));
        boolean isEnd = progress.step() >= steps && progress.secondsLeft() < 0.5;
        line = isEnd ? last : fitted(line(progress, marks.getFirst(), marks.getLast()) + timeLeft(progress));
        if (marks.size() > RATE_STEPS) {
            marks.removeFirst();
        }
        pending = true;
        boolean isFirst = shown.equals(Instant.MIN);
        if (isFirst || !now.isBefore(shown.plus(redraws ? REDRAW : PRINT))) {
            show(now);
        }
    }

    /** Prints a separate line above the bar. */
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

    /** Prints the final state, without an estimate of the remaining time, and ends the line. */
    @Override
    public synchronized void close() {
        boolean isStale = drawn > 0 && !line.equals(last);
        line = last;
        if (pending || isStale) {
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
        double seconds = to.seconds - from.seconds;
        String text = String.format(
                Locale.ROOT,
                "[%s%s] step %d/%d  loss %.4g  lr %s",
                "#".repeat(filled),
                "-".repeat(WIDTH - filled),
                progress.step(),
                steps,
                progress.loss(),
                brief(progress.learningRate()));
        if (seconds > 0) {
            text += String.format(Locale.ROOT, "  %,.0f tokens/s", (to.tokens - from.tokens) / seconds);
        }
        return text;
    }

    private static String timeLeft(Progress progress) {
        boolean isKnown = !Double.isNaN(progress.secondsLeft());
        return isKnown ? "  time left " + hoursAndMinutes(Math.round(progress.secondsLeft())) : "";
    }

    private String fitted(String text) {
        return redraws && text.length() >= columns ? text.substring(text.indexOf("step")) : text;
    }

    /** Formats a learning rate as 1e-4 or 9.87e-5. */
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
