package dev.temper.check;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Replaces standard output or standard error of the process: secret values are masked in everything that any code
 * prints.
 */
public final class GuardedOutput extends OutputStream {
    private final PrintStream out;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private GuardedOutput(PrintStream out) {
        this.out = out;
    }

    /** Replaces {@link System#out} and {@link System#err} of this process. */
    public static void install() {
        System.setOut(of(System.out));
        System.setErr(of(System.err));
    }

    /** A stream that collects bytes until a line end or a flush, and masks them as a whole. */
    static PrintStream of(PrintStream out) {
        return new PrintStream(new GuardedOutput(out), false, StandardCharsets.UTF_8);
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        line.write(bytes, offset, length);
        if (length > 0 && bytes[offset + length - 1] == '\n') {
            flush();
        }
    }

    @Override
    public void flush() {
        if (line.size() > 0) {
            out.print(Secrets.maskedValues(line.toString(StandardCharsets.UTF_8)));
            line.reset();
        }
        out.flush();
    }
}
