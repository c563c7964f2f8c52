package dev.temper.train;

/** Receives snapshots of a run in progress, on the training thread of the first worker, which waits for it. */
@FunctionalInterface
public interface SnapshotListener {
    void hear(TrainingSnapshot snapshot);

    /** A listener that ignores them. */
    static SnapshotListener silent() {
        return snapshot -> {};
    }
}
