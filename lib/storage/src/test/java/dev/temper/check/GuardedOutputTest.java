package dev.temper.check;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class GuardedOutputTest {
    private static final String SECRET = "gu/arded+wörd漢";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Test
    void whateverIsPrintedTellsNoSecret() throws Exception {
        Secrets.learn("test.token", SECRET);
        PrintStream out = GuardedOutput.of(new PrintStream(bytes, false, UTF_8));

        out.print("one gu/ard");
        out.print("ed+wörd漢 and ");
        out.printf("%s%n", SECRET);
        out.write(("two " + SECRET + "\n").getBytes(UTF_8));
        out.append("three ").append(SECRET).append('\n');
        out.print("\rfour " + SECRET);
        out.flush();
        out.println(new IllegalStateException(SECRET));

        assertThat(bytes.toString(UTF_8))
                .isEqualTo("one *** and ***\ntwo ***\nthree ***\n\rfour ***java.lang.IllegalStateException: ***\n");
    }

    /** A terminal that has no such letters shows question marks, not the rest of the secret. */
    @Test
    void charactersThatTheTerminalLacksHideNothing() {
        Secrets.learn("test.token", SECRET);
        PrintStream out = GuardedOutput.of(new PrintStream(bytes, false, StandardCharsets.US_ASCII));

        out.println("é " + SECRET);

        assertThat(bytes.toString(UTF_8)).isEqualTo("? ***\n");
    }
}
