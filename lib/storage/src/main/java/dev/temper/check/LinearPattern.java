package dev.temper.check;

import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A regular expression of Python's that a stranger wrote, such as a name in an adapter's config. Java's own matcher
 * tries one way after the other, of which <code>(.*)(.*)(.*)</code> has more than anyone can wait for; here all ways
 * are followed at once, in time proportional to expression and text. Look-around is known; what looks back at the text
 * of a group is refused.
 *
 * @see <a href="https://swtch.com/~rsc/regexp/regexp2.html">the method</a>
 */
public final class LinearPattern {
    private final List<Step> steps;
    private final int looks;

    LinearPattern(List<Step> steps, int looks) {
        this.steps = List.copyOf(steps);
        this.looks = looks;
    }

    /**
     * @param place where it stands, for the message
     * @throws InvalidInputException when it is none, too large, or needs what is not supported
     */
    public static LinearPattern of(String expression, String place) {
        return new LinearPatternParser(expression, place).pattern();
    }

    /** Whether the whole text is one that the expression describes. */
    public boolean matches(String text) {
        return new Matching(text, looks).run(steps, 0, end -> end == text.length());
    }

    /** How many steps it was made into, which is what the time for a character grows with. */
    public int size() {
        return steps.size();
    }

    /** What is done at one place of an expression. */
    sealed interface Step {}

    /** Takes one character. */
    record Take(IntPredicate test) implements Step {}

    /** Goes on at either place, counted from here. */
    record Fork(int one, int other) implements Step {}

    /** Goes on where a condition on the place in the text holds. */
    record Edge(Place place) implements Step {}

    /** Goes on where a part matches ahead or behind, or does not. */
    record Look(int number, List<Step> part, boolean isAhead, boolean isWanted) implements Step {}

    /** A condition on a place in a text. */
    interface Place {
        boolean holds(String text, int at);
    }

    /** One text; what look-around found at a place holds for every way that leads there. */
    private static final class Matching {
        private final String text;
        private final BitSet[] known;
        private final BitSet[] found;

        Matching(String text, int looks) {
            this.text = text;
            this.known = new BitSet[looks];
            this.found = new BitSet[looks];
        }

        boolean run(List<Step> steps, int start, IntPredicate isEnd) {
            Places now = new Places(steps);
            Places next = new Places(steps);
            int at = start;
            add(now, 0, at);
            while (!now.set.isEmpty()) {
                if (now.set.get(steps.size()) && isEnd.test(at)) {
                    return true;
                }
                if (at == text.length()) {
                    return false;
                }
                int c = text.codePointAt(at);
                at += Character.charCount(c);
                next.set.clear();
                for (int i = now.set.nextSetBit(0); i >= 0 && i < steps.size(); i = now.set.nextSetBit(i + 1)) {
                    if (steps.get(i) instanceof Take take && take.test().test(c)) {
                        add(next, i + 1, at);
                    }
                }
                Places before = now;
                now = next;
                next = before;
            }
            return false;
        }

        /** Adds a place of the expression, and all that can be reached from it without a character. */
        private void add(Places places, int first, int at) {
            places.push(first);
            while (places.open > 0) {
                int i = places.stack[--places.open];
                if (places.set.get(i)) {
                    continue;
                }
                places.set.set(i);
                Step step = i == places.steps.size() ? null : places.steps.get(i);
                if (step instanceof Fork fork) {
                    places.push(i + fork.one());
                    places.push(i + fork.other());
                } else if (step instanceof Edge edge && edge.place().holds(text, at)) {
                    places.push(i + 1);
                } else if (step instanceof Look look && finds(look, at) == look.isWanted()) {
                    places.push(i + 1);
                }
            }
        }

        private boolean finds(Look look, int at) {
            int number = look.number();
            if (known[number] == null) {
                known[number] = new BitSet();
                found[number] = new BitSet();
            }
            if (!known[number].get(at)) {
                found[number].set(at, look.isAhead() ? run(look.part(), at, end -> true) : isBehind(look, at));
                known[number].set(at);
            }
            return found[number].get(at);
        }

        private boolean isBehind(Look look, int at) {
            boolean isFound = false;
            for (int start = 0; start <= at && !isFound; start++) {
                isFound = run(look.part(), start, end -> end == at);
            }
            return isFound;
        }
    }

    /** Where in an expression one may be; one place behind the last step is its end. */
    private static final class Places {
        private final List<Step> steps;
        private final BitSet set;
        private final int[] stack; // still to be added; each place puts two there at most
        private int open;

        Places(List<Step> steps) {
            this.steps = steps;
            this.set = new BitSet(steps.size() + 1);
            this.stack = new int[2 * steps.size() + 3];
        }

        void push(int place) {
            stack[open++] = place;
        }
    }
}
