package dev.temper.spark.preparing;

import java.io.Serializable;

/** A histogram of 60-bit hashes in buckets of equal width. */
record HashCounts(long[] counts) implements Serializable {
    private static final int BUCKETS = 1 << 10;
    private static final int SHIFT = 50;

    HashCounts() {
        this(new long[BUCKETS]);
    }

    static int bucket(long hash) {
        return (int) (hash >> SHIFT);
    }

    void add(long hash) {
        counts[bucket(hash)]++;
    }

    HashCounts plus(HashCounts other) {
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] += other.counts[i];
        }
        return this;
    }

    long rows() {
        return before(BUCKETS);
    }

    /** Number of hashes in the buckets before this one. */
    long before(int bucket) {
        long rows = 0;
        for (int i = 0; i < bucket; i++) {
            rows += counts[i];
        }
        return rows;
    }

    /**
     * The bucket that contains the hash of this rank (1 is the smallest); for rank 0, the first bucket that is not
     * empty.
     */
    int bucketOf(long rank) {
        int bucket = 0;
        for (long rows = counts[0]; rows < rank || counts[bucket] == 0; rows += counts[bucket]) {
            bucket++;
        }
        return bucket;
    }
}
