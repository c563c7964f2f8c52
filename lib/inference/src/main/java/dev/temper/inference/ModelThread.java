package dev.temper.inference;

import dev.temper.kernel.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The only thread that computes with a model, as {@link Workspace} requires. Calls from other threads are processed in
 * the order in which they arrive.
 */
final class ModelThread<M extends AutoCloseable> implements AutoCloseable {
    /** Loads the model, in the model's thread. */
    @FunctionalInterface
    interface Loader<M> {
        M load(Workspace workspace) throws IOException;
    }

    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread created = new Thread(work, "temper-inference");
        created.setDaemon(true); // a model that was not closed must not prevent the process from ending
        return created;
    });
    private Workspace workspace;
    private M model;
    private volatile boolean isClosed;

    private ModelThread() {}

    static <M extends AutoCloseable> ModelThread<M> open(int threads, Loader<M> loader) throws IOException {
        ModelThread<M> opened = new ModelThread<>();
        try {
            opened.submit(call -> {
                        opened.load(threads, loader);
                        return call;
                    })
                    .result();
            return opened;
        } catch (UncheckedIOException e) {
            opened.close();
            throw e.getCause();
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    private void load(int threads, Loader<M> loader) {
        workspace = Workspace.open(threads);
        try {
            model = loader.load(workspace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A call that is waiting or running. */
    final class Call<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private volatile boolean isCancelled;

        /** Called between the steps of long work: throws when nobody waits for the result any more. */
        void check() {
            if (isClosed) {
                throw closed();
            }
            if (isCancelled) {
                throw new CancellationException("nobody waits for this result");
            }
        }

        M model() {
            return model;
        }

        void cancel() {
            isCancelled = true;
        }

        /**
         * @throws CancellationException when this thread is interrupted; it stays interrupted, and the work is
         *     cancelled
         */
        T result() {
            try {
                return result.get();
            } catch (InterruptedException e) {
                cancel();
                Thread.currentThread().interrupt();
                throw interrupted();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw (Error) e.getCause();
            }
        }

        private void run(Function<Call<T>, T> work, Runnable done) {
            try {
                check();
                result.complete(work.apply(this));
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            } finally {
                done.run();
            }
        }
    }

    <T> Call<T> submit(Function<Call<T>, T> work) {
        return submit(work, () -> {});
    }

    /** @param done runs in the model's thread after a result or a failure */
    <T> Call<T> submit(Function<Call<T>, T> work, Runnable done) {
        Call<T> call = new Call<>();
        try {
            thread.execute(() -> call.run(work, done));
        } catch (RejectedExecutionException e) {
            throw closed();
        }
        return call;
    }

    static CancellationException interrupted() {
        return new CancellationException("interrupted while waiting for the model");
    }

    static IllegalStateException closed() {
        return new IllegalStateException("the model is closed");
    }

    /** Fails all waiting and running calls, and returns when the model's memory is freed. */
    @Override
    public void close() {
        synchronized (thread) {
            if (!isClosed) {
                isClosed = true;
                thread.execute(this::free);
                thread.shutdown();
            }
        }
        boolean isInterrupted = false;
        while (true) {
            try {
                if (thread.awaitTermination(1, TimeUnit.DAYS)) {
                    break;
                }
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void free() {
        try {
            if (model != null) {
                model.close();
            }
        } catch (Exception e) {
            throw new IllegalStateException("the model could not be closed", e);
        } finally {
            if (workspace != null) {
                workspace.close();
            }
        }
    }
}
