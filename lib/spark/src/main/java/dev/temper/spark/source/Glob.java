package dev.temper.spark.source;

import static dev.temper.check.Check.check;

import dev.temper.check.LinearPattern;
import java.util.regex.Pattern;

/**
 * A pattern of file names: {@code *} and {@code ?} within a name, <code>[0-9]</code> and {@code [!a]} for one
 * character, <code>{a,b}</code> for alternatives, and {@code **} across folders; <code>**</code> followed by a slash
 * also matches no folder.
 */
record Glob(String text, LinearPattern names) {
    private static final Pattern WILDCARD = Pattern.compile("[*?{\\[]");

    static boolean isIn(String text) {
        return WILDCARD.matcher(text).find();
    }

    static Glob of(String text) {
        return new Glob(text, new Translation(text).pattern());
    }

    boolean matches(String name) {
        return names.matches(name);
    }

    /** The folder before the first component with a wildcard; empty if there is none. */
    String folder() {
        var matcher = WILDCARD.matcher(text);
        String before = matcher.find() ? text.substring(0, matcher.start()) : text;
        int slash = before.lastIndexOf('/');
        return slash == 0 ? "/" : slash < 0 ? "" : before.substring(0, slash);
    }

    /** Translates a pattern to a regular expression, from left to right. */
    private static final class Translation {
        private final String text;
        private final StringBuilder regex = new StringBuilder("(?s)");
        private int at;
        private int open; // braces that are open

        Translation(String text) {
            this.text = text;
        }

        LinearPattern pattern() {
            while (at < text.length()) {
                step();
            }
            check(open == 0, "data: %s has a { without a }", text);
            return LinearPattern.of(regex.toString(), "data: " + text);
        }

        private void step() {
            char c = text.charAt(at);
            switch (c) {
                case '*' -> star();
                case '?' -> add("[^/]", 1);
                case '[' -> oneOf();
                case '{' -> {
                    open++;
                    add("(?:", 1);
                }
                case '}' -> add(open > 0 ? ")" : "\\}", 1);
                case ',' -> add(open > 0 ? "|" : ",", 1);
                default -> add(
                        Character.isLetterOrDigit(c) || Character.isSurrogate(c) ? String.valueOf(c) : "\\" + c, 1);
            }
            open -= c == '}' && open > 0 ? 1 : 0;
        }

        private void star() {
            boolean isFolders = text.startsWith("**", at);
            boolean beginsPart = at == 0 || text.charAt(at - 1) == '/';
            if (isFolders && beginsPart && text.startsWith("/", at + 2)) {
                add("(?:.*/)?", 3);
            } else {
                add(isFolders ? ".*" : "[^/]*", isFolders ? 2 : 1);
            }
        }

        // As in Python, a closing bracket in first position is literal, and so is an opening bracket that is never
        // closed.
        private void oneOf() {
            int first = at + 1;
            boolean isNot = first < text.length() && "!^".indexOf(text.charAt(first)) >= 0;
            first += isNot ? 1 : 0;
            int end = text.indexOf(']', first + 1);
            if (end < 0) {
                add("\\[", 1);
                return;
            }
            String inside = text.substring(first, end).replaceAll("([\\\\\\[\\]&^])", "\\\\$1");
            add("(?!/)[" + (isNot ? "^" : "") + inside + "]", end + 1 - at);
        }

        private void add(String part, int characters) {
            regex.append(part);
            at += characters;
        }
    }
}
