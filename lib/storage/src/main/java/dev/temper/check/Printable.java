package dev.temper.check;

/**
 * Makes text from files, models or libraries safe to print on a terminal. Control characters, bidirectional overrides
 * and zero-width characters are escaped as {@code \}{@code u001b}; all visible characters stay, combining marks and
 * emoji included. Escaped JSON still means the same.
 */
public final class Printable {
    private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
    private static final int ZERO_WIDTH_JOINER = 0x200D;

    private Printable() {}

    /** Text for a single line: line breaks and tabs are escaped, too. */
    public static String line(String text) {
        return shown(text, "");
    }

    /** As {@link #line}, with secrets masked as well. */
    public static String masked(String text) {
        return line(Secrets.masked(text));
    }

    /** Text of several lines: line breaks and tabs stay. */
    public static String lines(String text) {
        return shown(text.replace("\r\n", "\n"), "\n\t");
    }

    /**
     * The message of a Jackson exception without the beginning of the parsed text, which Jackson appends when the input
     * ends too early.
     */
    public static String parserMessage(String message) {
        int source = message.indexOf(" (start marker at [Source");
        return source < 0 ? message : message.substring(0, source);
    }

    private static String shown(String text, String kept) {
        if (text.chars().allMatch(unit -> unit >= ' ' && unit < 0x7F)) {
            return text;
        }
        StringBuilder shown = new StringBuilder(text.length() + 16);
        int before = ' ';
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            at += Character.charCount(character);
            int after = at < text.length() ? text.codePointAt(at) : ' ';
            boolean isJoining = isJoiner(character) && isJoined(before) && isJoined(after);
            if (isVisible(character) || isJoining || kept.indexOf(character) >= 0) {
                shown.appendCodePoint(character);
            } else {
                shown.append(escaped(character));
            }
            before = character;
        }
        return shown.toString();
    }

    private static boolean isVisible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.FORMAT -> isNumberSign(character);
            default -> true;
        };
    }

    /** Whether a format character of Arabic or Kaithi is visible, as those around numbers are. */
    private static boolean isNumberSign(int character) {
        return (character >= 0x0600 && character <= 0x0605)
                || character == 0x06DD
                || character == 0x070F
                || character == 0x08E2
                || character == 0x110BD
                || character == 0x110CD;
    }

    private static boolean isJoiner(int character) {
        return character == ZERO_WIDTH_JOINER || character == ZERO_WIDTH_NON_JOINER;
    }

    /**
     * Whether a zero-width joiner stands where it belongs: between letters of scripts such as Persian or Hindi, or
     * inside an emoji.
     */
    private static boolean isJoined(int character) {
        return switch (Character.getType(character)) {
            case Character.OTHER_LETTER,
                    Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.OTHER_SYMBOL,
                    Character.MODIFIER_SYMBOL -> character > 0x7F;
            default -> false;
        };
    }

    private static String escaped(int character) {
        return switch (character) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> {
                StringBuilder units = new StringBuilder();
                Character.toString(character).chars().forEach(unit -> units.append("\\u%04x".formatted(unit)));
                yield units.toString();
            }
        };
    }
}
