package dev.temper.check;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Standard output or error of a process, by whomever it is written to, without values that are known to be secret. */
public final class GuardedOutput extends OutputStream {
    private final PrintStream out;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private GuardedOutput(PrintStream out) {
        this.out = out;
    }

    /** From now on nothing leaves through {@link System#out} and {@link System#err} as it is. */
    public static void install() {
        System.setOut(of(System.out));
        System.setErr(of(System.err));
    }

    /** A line, or what stands before a flush, is looked at as a whole. */
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
