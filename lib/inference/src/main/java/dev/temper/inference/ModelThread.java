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
 * The one thread that computes with a model, as {@link Workspace} wants it. Calls from other threads are computed in
 * the order they come.
 */
final class ModelThread<M extends AutoCloseable> implements AutoCloseable {
    /** What makes the model, in its own thread. */
    @FunctionalInterface
    interface Loader<M> {
        M load(Workspace workspace) throws IOException;
    }

    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread created = new Thread(work, "temper-inference");
        created.setDaemon(true); // a forgotten close must not keep a service from ending
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

    /** Work that is waiting or under way. */
    final class Call<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private volatile boolean isCancelled;

        /** To be asked between the steps of long work: it goes on only while somebody waits for it. */
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

        /** @throws CancellationException when this thread is interrupted meanwhile; it stays so, and the work ends */
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

    /** @param done runs when there is a result or an error, in the model's thread */
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

    /** Ends calls that wait or are under way with an exception, and returns when the model's memory is free. */
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
