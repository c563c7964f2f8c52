package dev.temper.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.track.ProgressBar.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

final class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, UTF_8);
    private final HandClock clock = new HandClock();

    @Test
    void showsStepLossRateAndTimeLeft() {
        try (ProgressBar bar = ProgressBar.lines(out, clock, 400)) {
            clock.forward(Duration.ofSeconds(18));
            bar.update(new Progress(120, 1.2344, 1e-4, 62_208, 18, 42));
        }

        assertThat(lines())
                .containsExactly("[##------] step 120/400  loss 1.234  lr 1e-4  3,456 tokens/s" + "  time left 0:42");
    }

    /** After the last update an evaluation may come; behind it nothing is left, and the line that stays says none. */
    @Test
    void theLineThatStaysSaysNothingOfTimeLeft() {
        String last = "[########] step 2/2  loss 2.000  lr 1e-4  100 tokens/s";
        try (ProgressBar bar = ProgressBar.terminal(out, clock, 2, 80)) {
            bar.update(new Progress(1, 2, 1e-4, 100, 1, 8));
            clock.forward(Duration.ofSeconds(1));
            bar.update(new Progress(2, 2, 1e-4, 200, 2, 7));
        }
        String[] drawn = bytes.toString(UTF_8).split("\r");
        assertThat(drawn[2]).isEqualTo(last + "  time left 0:07");
        assertThat(drawn[3]).isEqualTo(last + " ".repeat("  time left 0:07".length()) + "\n");

        bytes.reset();
        try (ProgressBar bar = ProgressBar.lines(out, clock, 2)) {
            bar.update(new Progress(1, 2, 1e-4, 100, 1, 8));
            bar.update(new Progress(2, 2, 1e-4, 200, 2, 7)); // too soon for a line
        }
        assertThat(lines()[1]).isEqualTo(last);

        bytes.reset();
        try (ProgressBar bar = ProgressBar.lines(out, clock, 2)) {
            bar.update(new Progress(2, 2, 1e-4, 200, 2, 0.2));
        }
        assertThat(lines()).containsExactly(last);
    }

    @Test
    void printsPlainLinesNowAndThenAndAtTheEnd() {
        try (ProgressBar bar = ProgressBar.lines(out, clock, 12)) {
            for (int step = 1; step <= 12; step++) {
                clock.forward(Duration.ofSeconds(1));
                bar.update(new Progress(step, 2, 1e-4, 100L * step, step, 12 - step));
            }
        }

        assertThat(lines()).hasSize(4);
        assertThat(lines()[1]).contains("step 6/12", "100 tokens/s", "time left 0:06");
        assertThat(lines()[3]).startsWith("[########] step 12/12").endsWith(" 100 tokens/s");
        assertThat(bytes.toString(UTF_8).chars().filter(c -> c != '\n' && Character.isISOControl(c)))
                .isEmpty();
    }

    @Test
    void redrawsOneLineInATerminal() {
        try (ProgressBar bar = ProgressBar.terminal(out, clock, 3, 80)) {
            clock.forward(Duration.ofSeconds(1));
            bar.update(new Progress(1, 12345678, 0, 1000, 1, 2));
            clock.forward(Duration.ofMillis(50)); // too soon to redraw
            bar.update(new Progress(2, 2, 0, 1000, 1.05, 1));
            clock.forward(Duration.ofSeconds(1));
            bar.update(new Progress(3, 3, 0, 2000, 2.05, 0));
        }

        String[] drawn = bytes.toString(UTF_8).split("\r");
        assertThat(drawn).hasSize(3);
        assertThat(drawn[1]).contains("step 1/3");
        assertThat(drawn[2]).contains("step 3/3").endsWith("\n").hasSize(drawn[1].length() + 1);
    }

    @Test
    void leavesTheBarOutWhereTheLineWouldNotFitATerminal() {
        try (ProgressBar bar = ProgressBar.terminal(out, clock, 4000, 80)) {
            clock.forward(Duration.ofHours(1));
            bar.update(new Progress(1200, 1.2344, 9.87e-5, 48_441_600, 3600, 8400));
        }

        assertThat(bytes.toString(UTF_8))
                .startsWith("\rstep 1200/4000  loss 1.234  lr 9.87e-5  13,456 tokens/s  time left 2:20:00\r");
    }

    @Test
    void showsItWhereItFits() {
        try (ProgressBar bar = ProgressBar.terminal(out, clock, 4000, 200)) {
            bar.update(new Progress(1200, 1.2344, 9.87e-5, 48_441_600, 3600, 8400));
        }

        assertThat(bytes.toString(UTF_8)).startsWith("\r[##------] step 1200/4000  loss 1.234");
    }

    @Test
    void saysNothingOfTheTimeLeftWhileNobodyKnows() {
        try (ProgressBar bar = ProgressBar.lines(out, clock, 1000)) {
            bar.update(new Progress(1, 1, 0, 300, 30, Double.NaN));
        }

        assertThat(lines()[0]).endsWith("  lr 0e0  10 tokens/s");
    }

    @Test
    void measuresTheSpeedOfTheLastUpdatesAlone() {
        try (ProgressBar bar = ProgressBar.lines(out, clock, 1000)) {
            for (int step = 1; step <= 100; step++) {
                clock.forward(Duration.ofSeconds(1));
                bar.update(new Progress(step, 1, 0, 10L * step, 600 + step, 900)); // the first one took ten minutes
            }
        }

        assertThat(lines()[lines().length - 2]).endsWith("  10 tokens/s  time left 15:00");
        assertThat(lines()[lines().length - 1]).endsWith("  10 tokens/s");
    }

    @Test
    void countsFromWhereARunResumes() {
        try (ProgressBar bar = ProgressBar.lines(out, clock, 8000)) {
            bar.restart();
            bar.update(new Progress(401, 1, 0, 5000, 90, Double.NaN));
            clock.forward(Duration.ofSeconds(5));
            bar.update(new Progress(402, 1, 0, 5010, 91, 7598));
        }

        assertThat(lines()[0]).endsWith("  loss 1.000  lr 0e0");
        assertThat(lines()[1]).endsWith("  10 tokens/s  time left 2:06:38");
    }

    @Test
    void printsOtherTextAboveTheBar() {
        try (ProgressBar bar = ProgressBar.terminal(out, clock, 2, 80)) {
            clock.forward(Duration.ofSeconds(1));
            bar.update(new Progress(1, 1, 0, 10, 1, 1));
            bar.print("eval/loss\u001b[2J\n 2.0");
        }

        assertThat(bytes.toString(UTF_8))
                .matches("(?s)\r((\\[.*)  time left 0:01)\r +\reval/loss\\\\u001b\\[2J\\\\n 2.0\n\\1\r\\2 +\n");
    }

    private String[] lines() {
        return bytes.toString(UTF_8).split("\n");
    }

    private static final class HandClock extends Clock {
        private Instant now = Instant.EPOCH;

        void forward(Duration duration) {
            now = now.plus(duration);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
