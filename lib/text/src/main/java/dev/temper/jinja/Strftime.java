package dev.temper.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** {@code datetime.strftime}, in English. */
final class Strftime {
    private Strftime() {}

    static String format(RenderState state, LocalDateTime time, String format) {
        state.scan(format.length());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                state.append(out, String.valueOf(c));
                continue;
            }
            boolean isBare = format.charAt(i + 1) == '-' && i + 2 < format.length();
            i += isBare ? 2 : 1;
            String field = field(time, format.charAt(i));
            state.append(out, isBare ? withoutPadding(field) : field);
        }
        return out.toString();
    }

    private static String withoutPadding(String field) {
        int start = 0;
        while (start < field.length() - 1 && (field.charAt(start) == '0' || field.charAt(start) == ' ')) {
            start++;
        }
        return field.substring(start);
    }

    private static String field(LocalDateTime time, char directive) {
        return switch (directive) {
            case '%' -> "%";
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'z', 'Z' -> "";
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'U' -> week(time, time.getDayOfWeek().getValue() % 7);
            case 'W' -> week(time, time.getDayOfWeek().getValue() - 1);
            case 'V' -> String.format(Locale.ROOT, "%02d", time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'C' -> String.format(Locale.ROOT, "%02d", time.getYear() / 100);
            default -> pattern(time, directive);
        };
    }

    /** Weeks begin with the first Sunday or Monday; {@code day} counts from it. */
    private static String week(LocalDateTime time, int day) {
        return String.format(Locale.ROOT, "%02d", (time.getDayOfYear() + 6 - day) / 7);
    }

    private static String pattern(LocalDateTime time, char directive) {
        String pattern =
                switch (directive) {
                    case 'd' -> "dd";
                    case 'e' -> "ppd";
                    case 'm' -> "MM";
                    case 'Y' -> "yyyy";
                    case 'y' -> "yy";
                    case 'b', 'h' -> "MMM";
                    case 'B' -> "MMMM";
                    case 'a' -> "EEE";
                    case 'A' -> "EEEE";
                    case 'H' -> "HH";
                    case 'I' -> "hh";
                    case 'k' -> "ppH";
                    case 'l' -> "pph";
                    case 'M' -> "mm";
                    case 'S' -> "ss";
                    case 'f' -> "SSSSSS";
                    case 'p' -> "a";
                    case 'j' -> "DDD";
                    case 'F' -> "yyyy-MM-dd";
                    case 'T', 'X' -> "HH:mm:ss";
                    case 'D', 'x' -> "MM/dd/yy";
                    case 'R' -> "HH:mm";
                    case 'r' -> "hh:mm:ss a";
                    case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
                    default -> null;
                };
        return pattern == null ? "%" + directive : time.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
    }
}
