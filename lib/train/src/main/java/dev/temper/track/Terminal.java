package dev.temper.track;

import java.io.Console;

/** Properties of standard output. */
public final class Terminal {
    private static final int USUAL_COLUMNS = 80;
    private static final int LEAST_COLUMNS = 40;

    private Terminal() {}

    /** Whether standard output is a terminal, whose lines can be redrawn. */
    // on newer JDKs, where a console is no proof of a terminal, isTerminal is called
    @SuppressWarnings("SystemConsoleNull")
    public static boolean isTerminal() {
        Console console = System.console();
        if (console == null || "dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true; // before JDK 22 there is a console only on a terminal
        }
    }

    /** Width of the terminal in characters, as the launcher passes it; a large number when output is no terminal. */
    public static int columns() {
        if (!isTerminal()) {
            return Integer.MAX_VALUE;
        }
        String columns = System.getenv("COLUMNS");
        boolean isNumber = columns != null && columns.matches("[1-9]\\d{1,3}");
        return isNumber ? Math.max(LEAST_COLUMNS, Integer.parseInt(columns)) : USUAL_COLUMNS;
    }

    /** Whether to print colours: on a terminal, unless {@code NO_COLOR} is set. */
    public static boolean hasColours() {
        return isTerminal() && System.getenv("NO_COLOR") == null;
    }
}
