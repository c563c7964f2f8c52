package dev.temper.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import java.util.Locale;

/** What the commands print for people: without secrets, and nothing in it steers the terminal. */
final class Console {
    private Console() {}

    /** One line. */
    static void say(String format, Object... arguments) {
        System.out.println(Printable.masked(String.format(Locale.ROOT, format, arguments)));
    }

    /** Several lines of ours; values in them have been made printable one by one. */
    static void sayAll(String lines) {
        System.out.println(Printable.lines(Secrets.maskedValues(lines)));
    }

    /** JSON says the same when its controls are written out. */
    static void say(JsonNode json) {
        System.out.println(Printable.lines(Secrets.maskedValues(json.toString())));
    }

    /** On standard error. */
    static void warn(String sentence) {
        System.err.println("temper: " + Printable.masked(sentence));
    }
}
