package dev.temper.jobs;

/**
 * What a command does, once the command line is understood.
 *
 * @param <R> what is asked for
 */
@FunctionalInterface
interface Job<R> {
    void run(R request) throws Exception;
}
