package dev.temper.spark.preparing;

import java.io.Serializable;

/** How many hashes of sixty bits lie in each of equal buckets. */
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

    /** Hashes below a bucket. */
    long before(int bucket) {
        long rows = 0;
        for (int i = 0; i < bucket; i++) {
            rows += counts[i];
        }
        return rows;
    }

    /** The bucket of the hash with this rank, 1 for the smallest; of rank 0 the first that has any. */
    int bucketOf(long rank) {
        int bucket = 0;
        for (long rows = counts[0]; rows < rank || counts[bucket] == 0; rows += counts[bucket]) {
            bucket++;
        }
        return bucket;
    }
}
