package dev.temper.train;

/** Receives snapshots of a run in progress, on the training thread of the first worker, which waits for it. */
@FunctionalInterface
public interface StandingListener {
    void hear(Standing standing);

    /** A listener that ignores them. */
    static StandingListener silent() {
        return standing -> {};
    }
}
