package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExitTest {
    private final List<Integer> codes = new ArrayList<>();

    @Test
    void mistakesOfTheUserAreTwoWhereverTheyWereFound() {
        Exit mistake = new Exit(2, "data.train is empty");

        assertThat(Exit.of(new InvalidInputException("data.train is empty"))).isEqualTo(mistake);
        assertThat(Exit.of(new RuntimeException("task failed", new InvalidInputException("data.train is empty"))))
                .isEqualTo(mistake);
        assertThat(
                        Exit.of(
                                new RuntimeException(
                                        """
                        Job aborted: barrier task ResultTask(0, 0) finished unsuccessfully.
                        dev.temper.check.InvalidInputException: data.train is empty
                        \tat dev.temper.Some.method(Some.java:1)
                        """)))
                .isEqualTo(mistake);
    }

    @Test
    void anyOtherFailureIsOneInOneLine() {
        assertThat(Exit.of(new IllegalStateException("first\nsecond\n\n\tat Some.java:1\nthird")))
                .isEqualTo(new Exit(1, "first second"));
        assertThat(Exit.of(new NoSuchFileException("/a/b"))).isEqualTo(new Exit(1, "NoSuchFileException: /a/b"));
        assertThat(Exit.of(new NullPointerException())).isEqualTo(new Exit(1, "NullPointerException"));
        assertThat(Exit.of(new IllegalStateException("lost s3a://key:word@bucket/a"))
                        .message())
                .isEqualTo("lost s3a://bucket/a");
    }

    @Test
    void clientModeExitsWithTheCode() {
        Exit.DONE.leave("client", codes::add);
        new Exit(2, "wrong").leave("client", codes::add);

        assertThat(codes).containsExactly(0, 2);
    }

    @Test
    void clusterModeReturnsOrThrows() {
        Exit.DONE.leave("cluster", codes::add);

        assertThatThrownBy(() -> new Exit(1, "a worker was lost").leave("cluster", codes::add))
                .hasMessage("a worker was lost (exit code 1)");
        assertThat(codes).isEmpty();
    }
}
