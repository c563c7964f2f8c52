package dev.temper.train;

/** Hears now and then how a run stands; called on the training thread of the first worker, which goes on afterwards. */
@FunctionalInterface
public interface StandingListener {
    void hear(Standing standing);

    /** Hears nothing. */
    static StandingListener silent() {
        return standing -> {};
    }
}
