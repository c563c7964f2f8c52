package dev.temper.jinja;

import java.util.Collection;
import java.util.Comparator;

/** The known name that a wrong one may have meant. */
final class NearestName {
    private static final int MAX_LENGTH = 40;

    private NearestName() {}

    static String of(String wrong, Collection<String> known) {
        String start = wrong.substring(0, Math.min(wrong.length(), MAX_LENGTH));
        return known.stream()
                .min(Comparator.<String>comparingInt(name -> distance(start, name))
                        .thenComparing(name -> name))
                .orElseThrow();
    }

    /** Levenshtein's: insertions, deletions and replacements. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
