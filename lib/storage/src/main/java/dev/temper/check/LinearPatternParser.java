package dev.temper.check;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.LinearPattern.Edge;
import dev.temper.check.LinearPattern.Fork;
import dev.temper.check.LinearPattern.Look;
import dev.temper.check.LinearPattern.Place;
import dev.temper.check.LinearPattern.Step;
import dev.temper.check.LinearPattern.Take;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Parses an expression in the syntax of Python's {@code re} into the instructions of {@link LinearPattern}. */
final class LinearPatternParser {
    private static final int MAX_STEPS = 10_000;
    private static final int MAX_LENGTH = 10_000;
    private static final int MAX_DEPTH = 100;
    private static final int MAX_COUNT = 1000;
    private static final int UNBOUNDED = -1;
    private static final int ASCII = 128;

    private static final IntPredicate DIGIT = Character::isDigit;
    private static final IntPredicate WORD = c -> c == '_' || Character.isLetterOrDigit(c);
    private static final IntPredicate SPACE = c -> Character.isWhitespace(c) || Character.isSpaceChar(c);
    private static final Place BEGIN = (text, at) -> at == 0;
    private static final Place END = (text, at) -> at == text.length();
    private static final Place LAST_LINE =
            (text, at) -> END.holds(text, at) || (at == text.length() - 1 && text.charAt(at) == '\n');
    private static final Place BORDER = (text, at) -> isWord(text, at - 1) != isWord(text, at);

    private final String text;
    private final String place;
    private int at;
    private int depth;
    private int looks;
    private boolean ignoresCase;
    private boolean dotTakesAll;

    LinearPatternParser(String text, String place) {
        this.text = text;
        this.place = place;
    }

    LinearPattern pattern() {
        checkSize(text.length(), MAX_LENGTH);
        List<Step> steps = alternatives();
        if (at < text.length()) {
            throw wrong("a ) without a (");
        }
        return new LinearPattern(steps, looks);
    }

    private List<Step> alternatives() {
        check(depth < MAX_DEPTH, "%s: the regular expression is nested too deeply", place);
        List<Step> steps = sequence();
        while (take("|")) {
            List<Step> other = sequence();
            List<Step> both = new ArrayList<>();
            both.add(new Fork(1, steps.size() + 2));
            both.addAll(steps);
            both.add(jump(other.size() + 1));
            both.addAll(other);
            steps = checked(both);
        }
        return steps;
    }

    private List<Step> sequence() {
        List<Step> steps = new ArrayList<>();
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            steps.addAll(repeated(item()));
            checked(steps);
        }
        return steps;
    }

    private List<Step> repeated(List<Step> item) {
        int[] count = count();
        if (count == null) {
            return item;
        }
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < count[0]; i++) {
            steps.addAll(item);
            checked(steps);
        }
        if (count[1] == UNBOUNDED) {
            steps.add(new Fork(1, item.size() + 2));
            steps.addAll(item);
            steps.add(jump(-item.size() - 1));
            return checked(steps);
        }
        int optional = count[1] - count[0];
        for (int i = optional; i > 0; i--) {
            steps.add(new Fork(1, i * (item.size() + 1)));
            steps.addAll(item);
            checked(steps);
        }
        return steps;
    }

    /** The quantifier after an atom as {minimum, maximum}; null where there is none. */
    private int[] count() {
        int[] count = null;
        if (take("*")) {
            count = new int[] {0, UNBOUNDED};
        } else if (take("+")) {
            count = new int[] {1, UNBOUNDED};
        } else if (take("?")) {
            count = new int[] {0, 1};
        } else if (at < text.length() && text.charAt(at) == '{') {
            count = braces();
        }
        if (count == null || take("?")) { // a lazy quantifier matches the same texts
            return count;
        }
        if (take("+")) {
            throw unsupported("a possessive repetition");
        }
        if (at < text.length() && "*{".indexOf(text.charAt(at)) >= 0 && (text.charAt(at) == '*' || braces() != null)) {
            throw wrong("multiple repeat");
        }
        return count;
    }

    /** The numbers of a quantifier in braces. As in Python, braces without numbers are literal characters. */
    private int[] braces() {
        int end = text.indexOf('}', at);
        String inside = end < 0 ? "" : text.substring(at + 1, end);
        if (!inside.matches("\\d*,?\\d*") || inside.isEmpty() || inside.equals(",")) {
            return null;
        }
        int comma = inside.indexOf(',');
        int least = number(comma < 0 ? inside : inside.substring(0, comma), 0);
        int most = comma < 0 ? least : number(inside.substring(comma + 1), UNBOUNDED);
        check(
                least <= MAX_COUNT && most <= MAX_COUNT && (most == UNBOUNDED || least <= most),
                "%s: %s repeats {%s} times: at most %d are supported",
                place,
                shown(),
                inside,
                MAX_COUNT);
        at = end + 1;
        return new int[] {least, most};
    }

    private static int number(String digits, int otherwise) {
        return digits.isEmpty() ? otherwise : digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    private List<Step> item() {
        char c = text.charAt(at);
        return switch (c) {
            case '(' -> group();
            case '[' -> List.of(new Take(characters()));
            case '\\' -> escaped();
            case '.' -> passed(1, new Take(dotTakesAll ? any -> true : any -> any != '\n'));
            case '^' -> passed(1, new Edge(BEGIN));
            case '$' -> passed(1, new Edge(LAST_LINE));
            case '*', '+', '?' -> throw wrong("nothing to repeat");
            default -> List.of(new Take(same(codePoint())));
        };
    }

    private List<Step> passed(int characters, Step step) {
        at += characters;
        return List.of(step);
    }

    private List<Step> group() {
        boolean outerCase = ignoresCase;
        boolean outerDot = dotTakesAll;
        depth++;
        List<Step> steps;
        if (take("(?=") || take("(?!")) {
            steps = look(text.charAt(at - 1) == '=', true);
        } else if (take("(?<=") || take("(?<!")) {
            steps = look(text.charAt(at - 1) == '=', false);
        } else if (take("(?#")) {
            at = Math.max(at, text.indexOf(')', at));
            steps = List.of();
        } else if (take("(?:") || takeName()) {
            steps = alternatives();
        } else if (take("(?")) {
            if (flags()) {
                depth--;
                return List.of();
            }
            steps = alternatives();
        } else {
            take("(");
            steps = alternatives();
        }
        if (!take(")")) {
            throw wrong("a ( without a )");
        }
        depth--;
        ignoresCase = outerCase;
        dotTakesAll = outerDot;
        return steps;
    }

    private List<Step> look(boolean isWanted, boolean isAhead) {
        int number = looks++;
        return List.of(new Look(number, List.copyOf(alternatives()), isAhead, isWanted));
    }

    private boolean takeName() {
        int end = text.indexOf('>', at);
        boolean isNamed = text.startsWith("(?P<", at) && end > 0;
        at = isNamed ? end + 1 : at;
        return isNamed;
    }

    /** Inline flags, such as {@code (?i)} or {@code (?i:...)}; true when they hold for the rest of the expression. */
    private boolean flags() {
        int start = at;
        while (at < text.length() && "ismua".indexOf(text.charAt(at)) >= 0) {
            ignoresCase |= text.charAt(at) == 'i';
            dotTakesAll |= text.charAt(at) == 's';
            at++;
        }
        boolean isForAll = at > start && take(")");
        if (at == start || (!isForAll && !take(":"))) {
            throw unsupported("(?" + text.substring(start, Math.min(start + 1, text.length())));
        }
        if (isForAll && start != 2) {
            throw wrong("flags that are not at its start");
        }
        return isForAll;
    }

    private List<Step> escaped() {
        char c = at + 1 < text.length() ? text.charAt(at + 1) : 0;
        return switch (c) {
            case 'A' -> passed(2, new Edge(BEGIN));
            case 'Z' -> passed(2, new Edge(END));
            case 'b' -> passed(2, new Edge(BORDER));
            case 'B' -> passed(2, new Edge((whole, place) -> !BORDER.holds(whole, place)));
            default -> {
                IntPredicate kind = kind();
                yield List.of(new Take(kind != null ? kind : same(escape())));
            }
        };
    }

    /** A character class, such as {@code \d}; null where none begins here. */
    private IntPredicate kind() {
        IntPredicate kind =
                switch (at + 1 < text.length() && text.charAt(at) == '\\' ? text.charAt(at + 1) : 0) {
                    case 'd' -> DIGIT;
                    case 'D' -> DIGIT.negate();
                    case 'w' -> WORD;
                    case 'W' -> WORD.negate();
                    case 's' -> SPACE;
                    case 'S' -> SPACE.negate();
                    default -> null;
                };
        at += kind == null ? 0 : 2;
        return kind;
    }

    /** A single character that is written with a backslash. */
    private int escape() {
        at++;
        if (at == text.length()) {
            throw wrong("a \\ at its end");
        }
        int c = codePoint();
        if (Character.isDigit(c)) {
            throw unsupported("a look back at a group, \\" + Character.toString(c));
        }
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 7;
            default -> {
                if (c < ASCII && Character.isLetter(c)) {
                    throw unsupported("the escape \\" + Character.toString(c));
                }
                yield c;
            }
        };
    }

    private IntPredicate characters() {
        at++;
        boolean isNot = take("^");
        List<IntPredicate> any = new ArrayList<>();
        while (any.isEmpty() || at == text.length() || text.charAt(at) != ']') {
            if (at == text.length()) {
                throw wrong("a [ without a ]");
            }
            IntPredicate kind = kind();
            any.add(kind != null ? kind : range());
        }
        at++;
        BitSet ascii = new BitSet(ASCII); // bounded memory, however long the list of characters is
        IntPredicate listed = c -> any.stream().anyMatch(test -> test.test(c));
        IntStream.range(0, ASCII).filter(listed).forEach(ascii::set);
        return c -> (c < ASCII ? ascii.get(c) : listed.test(c)) != isNot;
    }

    private IntPredicate range() {
        int from = bracketed();
        if (at + 1 >= text.length() || text.charAt(at) != '-' || text.charAt(at + 1) == ']') {
            return same(from);
        }
        at++;
        int to = bracketed();
        if (to < from) {
            throw wrong("a range that ends before it begins");
        }
        IntPredicate range = c -> from <= c && c <= to;
        return ignoresCase
                ? c -> range.test(c) || range.test(Character.toLowerCase(c)) || range.test(Character.toUpperCase(c))
                : range;
    }

    private int bracketed() {
        boolean isBackspace = text.startsWith("\\b", at);
        if (isBackspace) {
            at += 2;
            return '\b';
        }
        return text.charAt(at) == '\\' ? escape() : codePoint();
    }

    private IntPredicate same(int wanted) {
        return ignoresCase
                ? c -> Character.toLowerCase(Character.toUpperCase(c))
                        == Character.toLowerCase(Character.toUpperCase(wanted))
                : c -> c == wanted;
    }

    private int codePoint() {
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private boolean take(String token) {
        boolean isHere = text.startsWith(token, at);
        at += isHere ? token.length() : 0;
        return isHere;
    }

    private static Step jump(int distance) {
        return new Fork(distance, distance);
    }

    private List<Step> checked(List<Step> steps) {
        checkSize(steps.size(), MAX_STEPS);
        return steps;
    }

    private void checkSize(int size, int limit) {
        check(size <= limit, "%s: the regular expression is too large: write the names out in a list", place);
    }

    private static boolean isWord(String text, int at) {
        return at >= 0 && at < text.length() && WORD.test(text.charAt(at));
    }

    private RuntimeException wrong(String what) {
        return invalid("%s: %s is no regular expression: %s", place, shown(), what);
    }

    private RuntimeException unsupported(String what) {
        return invalid("%s: %s has %s, which is not supported: write the names out in a list", place, shown(), what);
    }

    private String shown() {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
