package dev.temper.check;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Checks of arguments. A failed check is an {@link InvalidInputException} whose message says what to change. */
public final class Check {
    private static final int LINE = 80;

    private Check() {}

    /**
     * @param message a {@link String#format} pattern
     * @throws InvalidInputException with the formatted message when {@code condition} is false
     */
    public static void check(boolean condition, String message, Object... arguments) {
        if (!condition) {
            throw invalid(message, arguments);
        }
    }

    /** Creates the exception without throwing it, for {@code throw} and {@code orElseThrow}. */
    public static InvalidInputException invalid(String message, Object... arguments) {
        return new InvalidInputException(String.format(Locale.ROOT, message, arguments));
    }

    /**
     * The candidate with the smallest edit distance to {@code word}; empty when all are too different to be a typo of
     * it.
     */
    public static Optional<String> nearest(String word, Collection<String> candidates) {
        return nearest(word, candidates, Math.max(2, word.length() / 2));
    }

    /** @param limit the largest edit distance at which a candidate is returned */
    public static Optional<String> nearest(String word, Collection<String> candidates, int limit) {
        String best = null;
        int bestDistance = limit + 1;
        for (String candidate : candidates) {
            int distance = distance(word, candidate);
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return Optional.ofNullable(best);
    }

    /** The first names as a list for a message, shortened to what fits on one line. */
    public static String some(Collection<String> names) {
        StringBuilder some = new StringBuilder();
        int left = names.size();
        for (String name : names) {
            if (!some.isEmpty() && some.length() + name.length() > LINE) {
                return some + " and " + left + " more";
            }
            some.append(some.isEmpty() ? "" : ", ").append(name);
            left--;
        }
        return some.toString();
    }

    /** Levenshtein distance: how many characters must be inserted, deleted or replaced. */
    public static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
