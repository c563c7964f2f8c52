package dev.temper.check;

/**
 * Texts from outside as a terminal may show them. What would move its cursor, change its title or colours, turn the
 * direction of what follows or take no room at all is written out, as {@code \}{@code u001b}; everything that can be
 * seen stays as it is, combining marks and emoji among it. JSON that is treated so says the same as before.
 */
public final class Printable {
    private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
    private static final int ZERO_WIDTH_JOINER = 0x200D;

    private Printable() {}

    /** A name or a value: on one line, line breaks and tabs written out, too. */
    public static String line(String text) {
        return shown(text, "");
    }

    /** The same without secrets: a value, a name or a sentence to be told. */
    public static String masked(String text) {
        return line(Secrets.masked(text));
    }

    /** A text of several lines. */
    public static String lines(String text) {
        return shown(text.replace("\r\n", "\n"), "\n\t");
    }

    /** What Jackson says is wrong, without the beginning of the text, which it repeats where an end is missing. */
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

    /** Of the characters without a form those of Arabic and Kaithi that have one: they stand around numbers. */
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

    /** Joiners belong between letters of Persian or Hindi and inside an emoji, and hide between all others. */
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
