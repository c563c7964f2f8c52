package dev.temper.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Algorithms of Python's {@code str}; positions that a template sees count code points. */
final class Text {
    /** Which end is meant. */
    enum Side {
        LEFT,
        RIGHT,
        BOTH
    }

    private static final int SHORT_NEEDLE = 32;

    private Text() {}

    static boolean isSpace(int c) {
        if (c < 256) {
            return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0;
        }
        return Character.isSpaceChar(c);
    }

    static boolean isBlank(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if (!isSpace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Without the given characters, or whitespace when {@code characters} is null, at its ends. */
    static String strip(String text, String characters, Side side) {
        int start = 0;
        int end = text.length();
        while (side != Side.RIGHT && start < end && isStripped(text.codePointAt(start), characters)) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (side != Side.LEFT && end > start && isStripped(text.codePointBefore(end), characters)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static boolean isStripped(int point, String characters) {
        return characters == null ? isSpace(point) : characters.indexOf(point) >= 0;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Index of the UTF-16 unit at which a code point starts; {@code point} is within the text. */
    static int unit(String text, int point) {
        return text.offsetByCodePoints(0, point);
    }

    static List<Object> characters(String text) {
        List<Object> characters = new ArrayList<>(text.length());
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            characters.add(Character.toString(point));
            i += Character.charCount(point);
        }
        return characters;
    }

    /** As {@code String.indexOf}, but never quadratic: a hostile template must not be able to buy time cheaply. */
    static int find(String text, String part, int from) {
        if (part.length() <= SHORT_NEEDLE) {
            return text.indexOf(part, from);
        }
        int[] border = borders(part);
        int matched = 0;
        for (int i = from; i < text.length(); i++) {
            while (matched > 0 && part.charAt(matched) != text.charAt(i)) {
                matched = border[matched - 1];
            }
            if (part.charAt(matched) == text.charAt(i) && ++matched == part.length()) {
                return i + 1 - matched;
            }
        }
        return -1;
    }

    /** Knuth, Morris, Pratt: the longest proper border of each prefix. */
    private static int[] borders(String part) {
        int[] border = new int[part.length()];
        for (int i = 1, matched = 0; i < part.length(); i++) {
            while (matched > 0 && part.charAt(matched) != part.charAt(i)) {
                matched = border[matched - 1];
            }
            if (part.charAt(matched) == part.charAt(i)) {
                matched++;
            }
            border[i] = matched;
        }
        return border;
    }

    /** The last place that starts at or before {@code from}. */
    static int findLast(String text, String part, int from) {
        if (part.length() <= SHORT_NEEDLE) {
            return text.lastIndexOf(part, from);
        }
        String mirrored = reversed(text);
        int end = from + part.length();
        int found = find(mirrored, reversed(part), Math.max(0, text.length() - end));
        return found < 0 ? -1 : text.length() - found - part.length();
    }

    private static String reversed(String text) {
        char[] units = text.toCharArray();
        for (int i = 0, j = units.length - 1; i < j; i++, j--) {
            char unit = units[i];
            units[i] = units[j];
            units[j] = unit;
        }
        return new String(units);
    }

    static int count(String text, String part) {
        if (part.isEmpty()) {
            return length(text) + 1;
        }
        int count = 0;
        for (int i = find(text, part, 0); i >= 0; i = find(text, part, i + part.length())) {
            count++;
        }
        return count;
    }

    /** Parts between separators, at most {@code max} cuts when it is not negative; null cuts at whitespace. */
    static List<Object> split(String text, String separator, long max) {
        if (separator == null) {
            return splitWords(text, max);
        }
        List<Object> parts = new ArrayList<>();
        int start = 0;
        while (max < 0 || parts.size() < max) {
            int cut = find(text, separator, start);
            if (cut < 0) {
                break;
            }
            parts.add(text.substring(start, cut));
            start = cut + separator.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static List<Object> splitWords(String text, long max) {
        List<Object> words = new ArrayList<>();
        int i = 0;
        while (true) {
            while (i < text.length() && isSpace(text.charAt(i))) {
                i++;
            }
            if (i == text.length()) {
                return words;
            }
            if (max >= 0 && words.size() >= max) {
                words.add(text.substring(i));
                return words;
            }
            int end = i;
            while (end < text.length() && !isSpace(text.charAt(end))) {
                end++;
            }
            words.add(text.substring(i, end));
            i = end;
        }
    }

    /** As {@link #split}, cutting from the right. */
    static List<Object> splitRight(String text, String separator, long max) {
        if (max < 0) {
            return split(text, separator, max);
        }
        List<Object> parts = separator == null ? splitWordsRight(text, max) : splitRightAt(text, separator, max);
        Collections.reverse(parts);
        return parts;
    }

    /** Overlapping separators make it matter where cutting begins, so the mirrored text is cut from the left. */
    private static List<Object> splitRightAt(String text, String separator, long max) {
        List<Object> parts = split(reversed(text), reversed(separator), max);
        parts.replaceAll(part -> reversed((String) part));
        return parts;
    }

    private static List<Object> append(List<Object> parts, String last) {
        parts.add(last);
        return parts;
    }

    private static List<Object> splitWordsRight(String text, long max) {
        List<Object> words = new ArrayList<>();
        int end = text.length();
        while (true) {
            while (end > 0 && isSpace(text.charAt(end - 1))) {
                end--;
            }
            if (end == 0) {
                return words;
            }
            if (words.size() >= max) {
                return append(words, text.substring(0, end));
            }
            int start = end;
            while (start > 0 && !isSpace(text.charAt(start - 1))) {
                start--;
            }
            words.add(text.substring(start, end));
            end = start;
        }
    }

    /** Lines as {@code str.splitlines} sees them. */
    static List<Object> lines(String text, Side keepsEnd) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isLineEnd(c)) {
                continue;
            }
            int end = i;
            if (c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                i++;
            }
            lines.add(text.substring(start, keepsEnd == Side.RIGHT ? i + 1 : end));
            start = i + 1;
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** Compares by code point; UTF-16 units would put emoji before some other characters. */
    static int compare(String left, String right) {
        int end = Math.min(left.length(), right.length());
        for (int i = 0; i < end; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                return Character.isSurrogate(a) == Character.isSurrogate(b)
                        ? Character.compare(a, b)
                        : Character.isSurrogate(a) ? 1 : -1;
            }
        }
        return Integer.compare(left.length(), right.length());
    }
}
