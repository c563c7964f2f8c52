package dev.temper.track;

import java.io.Console;

/** What standard output is. */
public final class Terminal {
    private Terminal() {}

    /** Whether a person looks at it, and lines can be redrawn. */
    @SuppressWarnings("SystemConsoleNull") // newer JDKs, where it is no test for a terminal, are asked for isTerminal
    public static boolean isTerminal() {
        Console console = System.console();
        if (console == null || "dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true; // before JDK 22 there is a console only in a terminal
        }
    }

    /** Whether it shows colours: a terminal, unless {@code NO_COLOR} says otherwise. */
    public static boolean hasColours() {
        return isTerminal() && System.getenv("NO_COLOR") == null;
    }
}
