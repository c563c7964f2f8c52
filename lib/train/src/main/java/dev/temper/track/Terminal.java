package dev.temper.track;

import java.io.Console;

/** What standard output is. */
public final class Terminal {
    private static final int USUAL_COLUMNS = 80;
    private static final int LEAST_COLUMNS = 40;

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

    /** Characters on a line of it, as the launcher says; many where there is none, and lines may be of any length. */
    public static int columns() {
        if (!isTerminal()) {
            return Integer.MAX_VALUE;
        }
        String columns = System.getenv("COLUMNS");
        boolean isNumber = columns != null && columns.matches("[1-9]\\d{1,3}");
        return isNumber ? Math.max(LEAST_COLUMNS, Integer.parseInt(columns)) : USUAL_COLUMNS;
    }

    /** Whether it shows colours: a terminal, unless {@code NO_COLOR} says otherwise. */
    public static boolean hasColours() {
        return isTerminal() && System.getenv("NO_COLOR") == null;
    }
}
