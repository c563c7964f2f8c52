package dev.temper.check;

import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A regular expression in Python's syntax from an untrusted source, such as a module name in an adapter's config.
 * {@link java.util.regex} backtracks, and needs exponential time for some expressions, such as <code>(.*)(.*)(.*)
 * </code>. This class simulates the automaton of the expression instead, in time proportional to expression times text.
 * Look-ahead and look-behind are supported; back references are refused.
 *
 * @see <a href="https://swtch.com/~rsc/regexp/regexp2.html">Cox, Regular Expression Matching: the Virtual Machine
 *     Approach</a>
 */
public final class LinearPattern {
    private final List<Step> steps;
    private final int looks;

    LinearPattern(List<Step> steps, int looks) {
        this.steps = List.copyOf(steps);
        this.looks = looks;
    }

    /**
     * @param place where the expression stands, for the message
     * @throws InvalidInputException when it is not a valid expression, is too large, or uses an unsupported construct
     */
    public static LinearPattern of(String expression, String place) {
        return new LinearPatternParser(expression, place).pattern();
    }

    /** Whether the expression matches the whole text. */
    public boolean matches(String text) {
        return new Matching(text, looks).run(steps, 0, end -> end == text.length());
    }

    /** Number of steps of the compiled automaton. The time for each character is proportional to it. */
    public int size() {
        return steps.size();
    }

    /** An instruction of the compiled automaton. */
    sealed interface Step {}

    /** Consumes one character that passes the test. */
    record Take(IntPredicate test) implements Step {}

    /** Continues at both places; each is an offset from this instruction. */
    record Fork(int one, int other) implements Step {}

    /** Continues when a condition on the position in the text holds, such as a word boundary. */
    record Edge(Place place) implements Step {}

    /** Look-around: continues when {@code part} matches ahead or behind ({@code isWanted}), or does not match. */
    record Look(int number, List<Step> part, boolean isAhead, boolean isWanted) implements Step {}

    /** A condition on a position in the text. */
    interface Place {
        boolean holds(String text, int at);
    }

    /** Matches one text. The result of a look-around at a position is cached for all paths that reach it. */
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

        /** Adds an instruction, and all that are reachable from it without consuming a character. */
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

    /** The set of active instructions; index {@code steps.size()} means that the expression has matched. */
    private static final class Places {
        private final List<Step> steps;
        private final BitSet set;
        private final int[] stack; // instructions still to be added; each adds two at most
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
