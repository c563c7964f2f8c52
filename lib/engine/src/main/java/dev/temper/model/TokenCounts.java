package dev.temper.model;

/**
 * How many tokens a micro-batch has.
 *
 * @param all of them
 * @param longest of its longest document
 */
public record TokenCounts(long all, long longest) {
    /** Pairs of tokens that see each other, when all documents are as long as the longest. */
    long pairs() {
        return all * Math.min(all, longest);
    }

    long longestPairs() {
        long n = Math.min(all, longest);
        return n * n;
    }
}
