package dev.temper.text;

import static dev.temper.check.Check.invalid;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Bounds the work of a regular expression with which a tokenizer splits texts. The native library uses backtracking,
 * and aborts the process after ten million steps back at one position of a text. An expression whose number of paths
 * may grow faster than linearly with the characters that a loop matches is refused; for others the maximum number is
 * known, which limits the texts that are accepted.
 */
final class SplitPattern {
    private static final double MAX_GIVEN_UP = 9e6; // slightly below the library's limit of ten million
    private static final int MAX_WAYS = 1000; // paths besides those of loops
    private static final int MAX_DEPTH = 50;
    private static final int MAX_RUN = 1_000_000; // characters, far more than natural texts have
    private static final int MAX_BOUND = 100; // a quantifier with a larger maximum counts as a loop
    private static final String NOT_KNOWN = "%s, which is not known here";

    private final String text;
    private final String place;
    private int at;
    private int depth;

    private SplitPattern(String text, String place) {
        this.text = text;
        this.place = place;
    }

    /**
     * Which texts an expression can be applied to.
     *
     * @param maxRun maximum number of consecutive characters of one kind
     * @param isAnyText whether the limit applies to characters of any kinds
     */
    record Limit(int maxRun, boolean isAnyText) {
        static final Limit NONE = new Limit(Integer.MAX_VALUE, false);

        Limit and(Limit other) {
            return new Limit(Math.min(maxRun, other.maxRun), isAnyText || other.isAnyText);
        }
    }

    /**
     * An upper bound that grows with the number n of characters that loops match: {@code fixed + slope * n}; of higher
     * order if there is more than one loop.
     *
     * @param isMixed whether a loop matches characters of several kinds
     */
    private record Growth(double fixed, double slope, int loops, boolean isMixed) {
        static final Growth ZERO = new Growth(0, 0, 0, false);
        static final Growth ONE = new Growth(1, 0, 0, false);

        Growth plus(Growth other) {
            return new Growth(
                    fixed + other.fixed, slope + other.slope, Math.max(loops, other.loops), isMixed || other.isMixed);
        }

        Growth times(Growth other) {
            boolean isZero = equals(ZERO) || other.equals(ZERO);
            return isZero
                    ? ZERO
                    : new Growth(
                            fixed * other.fixed,
                            fixed * other.slope + slope * other.fixed,
                            loops + other.loops,
                            isMixed || other.isMixed);
        }
    }

    /**
     * A part of an expression.
     *
     * @param ways number of ways in which it matches, which are tried one after the other if the rest fails
     * @param given number of steps back inside it before it matches or fails
     * @param mayFail whether it may not match
     */
    private record Part(Growth ways, Growth given, boolean mayFail) {
        static final Part CHARACTER = new Part(Growth.ONE, Growth.ONE, true);

        Part or(Part other) {
            return new Part(ways.plus(other.ways), given.plus(other.given), mayFail && other.mayFail);
        }

        /** As an atomic group: it is not tried again after it has matched. */
        Part alone() {
            return new Part(Growth.ONE, given.plus(Growth.ONE), true);
        }

        /** A sequence of parts: there are no steps back after the last part that may fail. */
        static Part of(List<Part> parts) {
            int last = parts.size() - 1;
            while (last >= 0 && !parts.get(last).mayFail) {
                last--;
            }
            Growth ways = Growth.ONE;
            Growth given = Growth.ZERO;
            for (int i = 0; i < parts.size(); i++) {
                Part part = parts.get(i);
                given = given.plus(i <= last ? ways.times(part.given) : part.given);
                ways = ways.times(part.ways);
            }
            return new Part(ways, given, last >= 0);
        }
    }

    /** @throws dev.temper.check.InvalidInputException when its work may be unbounded, or it is not understood */
    static Limit limit(String expression, String place) {
        SplitPattern pattern = new SplitPattern(expression, place);
        Part all = pattern.alternatives();
        if (pattern.at < expression.length()) {
            throw pattern.refused("a bracket that was not opened");
        }
        Growth given = all.given();
        if (given.loops() > 1 || given.fixed() > MAX_WAYS || given.slope() > MAX_WAYS) {
            throw pattern.refused("so many ways to fail at a text that the time for one has no bound");
        }
        return given.loops() == 0
                ? Limit.NONE
                : new Limit((int) Math.min(MAX_RUN, MAX_GIVEN_UP / (given.slope() + 1)), given.isMixed());
    }

    private Part alternatives() {
        if (depth > MAX_DEPTH) {
            throw refused("brackets that are nested too deeply");
        }
        Part all = sequence();
        while (take("|")) {
            all = all.or(sequence());
        }
        return all;
    }

    private Part sequence() {
        List<Part> parts = new ArrayList<>();
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            int start = at;
            Part item = item();
            parts.add(repeated(item, text.substring(start, at)));
        }
        return Part.of(parts);
    }

    private Part repeated(Part item, String atom) {
        int start = at;
        int[] count = count();
        if (at == start) {
            return item;
        }
        boolean isPossessive = take("+");
        boolean isLazy = !isPossessive && take("?");
        if (at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
            throw refused("a repetition that is repeated");
        }
        if (count[1] > 1 && (item.ways().loops() > 0 || item.ways().fixed() > 1)) {
            throw refused("a repetition of what may match in several ways");
        }
        boolean mayFail = item.mayFail() && count[0] > 0;
        Growth given = mayFail || atom.startsWith("(") ? item.given() : Growth.ZERO;
        boolean isLoop = count[1] - count[0] > MAX_BOUND;
        Growth more = isLoop ? new Growth(1, 1, 1, !isOfOneKind(atom)) : new Growth(count[1] - count[0], 0, 0, false);
        Growth ways = isPossessive ? Growth.ONE : isLoop ? more : item.ways().plus(more);
        return new Part(ways, isLazy ? given.plus(more) : given, mayFail);
    }

    /** A quantifier as {minimum, maximum}. */
    private int[] count() {
        if (take("*")) {
            return new int[] {0, Integer.MAX_VALUE};
        }
        if (take("+")) {
            return new int[] {1, Integer.MAX_VALUE};
        }
        if (take("?")) {
            return new int[] {0, 1};
        }
        if (at == text.length() || text.charAt(at) != '{') {
            return new int[] {1, 1};
        }
        int end = text.indexOf('}', at);
        String inside = end < 0 ? "" : text.substring(at + 1, end);
        if (!inside.matches("\\d{1,6}|\\d{0,6},\\d{1,6}|\\d{1,6},")) {
            throw refused("a { without numbers");
        }
        at = end + 1;
        String[] bounds = inside.split(",", -1);
        int least = bounds[0].isEmpty() ? 0 : Integer.parseInt(bounds[0]);
        String most = bounds[bounds.length - 1];
        return new int[] {least, most.isEmpty() ? Integer.MAX_VALUE : Math.max(least, Integer.parseInt(most))};
    }

    private Part item() {
        char c = text.charAt(at);
        if (c == '(') {
            return group();
        }
        if (c == '[') {
            characters();
        } else if (c == '\\') {
            escape();
        } else if ("*+?{".indexOf(c) >= 0) {
            throw refused("a repetition of nothing");
        } else {
            at += Character.charCount(text.codePointAt(at));
        }
        return Part.CHARACTER;
    }

    private Part group() {
        for (String begin : List.of("(?=", "(?!", "(?<=", "(?<!", "(?>")) {
            if (take(begin)) {
                return inside().alone();
            }
        }
        if (!take("(?:") && !take("(?i:") && !take("(?-i:")) {
            take("(");
            if (at < text.length() && text.charAt(at) == '?') {
                throw refused(NOT_KNOWN.formatted("(?"));
            }
        }
        return inside();
    }

    private Part inside() {
        depth++;
        Part inside = alternatives();
        depth--;
        if (!take(")")) {
            throw refused("a bracket that is not closed");
        }
        return inside;
    }

    private boolean take(String token) {
        boolean isHere = text.startsWith(token, at);
        at += isHere ? token.length() : 0;
        return isHere;
    }

    private void escape() {
        String known = "dDsSwWnrtfvae\\/.^$|?*+()[]{}-'\"#&~!@%:;,<>=_` ";
        char c = at + 1 < text.length() ? text.charAt(at + 1) : 0;
        boolean isProperty = c == 'p' || c == 'P';
        boolean isNumber = c == 'x' || c == 'u';
        if (isProperty) {
            at = Math.max(at, text.indexOf('}', at)) + 1;
        } else if (isNumber && text.startsWith("{", at + 2)) {
            at = Math.max(at, text.indexOf('}', at)) + 1;
        } else if (isNumber) {
            at = Math.min(text.length(), at + (c == 'x' ? 4 : 6));
        } else if (known.indexOf(c) >= 0 && c != 0) {
            at += 2;
        } else {
            throw refused(NOT_KNOWN.formatted("\\" + c));
        }
    }

    private void characters() {
        int open = 0;
        do {
            char c = at < text.length() ? text.charAt(at) : 0;
            if (c == 0) {
                throw refused("a bracket that is not closed");
            }
            if (c == '\\') {
                escape();
                continue;
            }
            at++;
            if (c == '[') {
                open++;
                at += text.startsWith("^", at) ? 1 : 0;
                at += text.startsWith("]", at) ? 1 : 0;
            }
            open -= c == ']' ? 1 : 0;
        } while (open > 0);
    }

    /** Whether an atom only matches characters of one {@link #kind}. */
    private static boolean isOfOneKind(String atom) {
        if (atom.equals("\\s") || atom.equals(" ")) {
            return true;
        }
        Pattern pattern;
        try {
            pattern = Pattern.compile(atom);
        } catch (PatternSyntaxException e) {
            return false;
        }
        int kind = -1;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (pattern.matcher(Character.toString(c)).matches()) {
                if (kind >= 0 && kind != kind(c)) {
                    return false;
                }
                kind = kind(c);
            }
        }
        return true;
    }

    /** One of the kinds blank, letter (with its marks), digit, other. */
    private static int kind(int c) {
        if (Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85) {
            return 0;
        }
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER,
                    Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK -> 1;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> 2;
            default -> 3;
        };
    }

    /** Length of the longest run of characters of one kind in a text. */
    static int longestRun(String text) {
        int longest = 0;
        int start = 0;
        int last = -1;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int kind = kind(c);
            start = kind == last ? start : i;
            last = kind;
            i += Character.charCount(c);
            longest = Math.max(longest, i - start);
        }
        return longest;
    }

    private RuntimeException refused(String why) {
        String shown = text.length() <= 100 ? text : text.substring(0, 100) + "…";
        return invalid("%s: texts cannot be split by %s: it has %s; name another tokenizer", place, shown, why);
    }
}
