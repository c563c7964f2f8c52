package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;

/**
 * The native memory and thread settings of one worker. Open it in the thread that computes: gradient mode, the number
 * of threads and the switch of the graph executor belong to a thread. What is made outside {@link #scoped} lives until
 * {@link #close()}; what is made inside goes with it, so memory is freed at once and never waits for the collector.
 */
public final class Workspace implements AutoCloseable {
    private static final ThreadLocal<Boolean> INFERRING = ThreadLocal.withInitial(() -> false);

    private final NDManager manager;
    private final TensorKernels tensors;
    private LossKernels losses; // null until it is asked for
    private final Map<String, NDArray> mappings = new HashMap<>(); // whole files, by path and type

    private final int threads;

    private Workspace(NDManager manager, int threads) {
        this.manager = manager;
        this.threads = threads;
        this.tensors = new TensorKernels(this, compile("tensors.Tensors", Map.of()));
    }

    /** @param threads threads of one operator in this worker */
    public static Workspace open(int threads) {
        ThreadWaiting.shorten();
        NDManager manager = NDManager.newBaseManager("PyTorch");
        ProcessorCheck.done();
        prepareThread(threads);
        return new Workspace(manager, threads);
    }

    /**
     * MKL looks which processor it runs on when a process computes its first exponential, and for a moment its note of
     * that ({@code mkl_vml_serv_cpu_detect} in 2024.2) is one that stands for other functions, with half the digits: a
     * second thread that comes in that moment computes its part of the first sum with those. So one thread computes an
     * exponential before there are others; the class's lock lets no worker of this process pass it.
     */
    private static final class ProcessorCheck {
        static {
            try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
                prepareThread(1);
                NDArray one = manager.ones(new Shape(1, 1));
                one.exp().log().matMul(one); // matrix products look too
            }
        }

        static void done() {}
    }

    private static void prepareThread(int threads) {
        JniUtils.setNumThreads(threads);
        JniUtils.setGraphExecutorOptimize(false); // plain eager execution, predictable from the first step
        JniUtils.setGradMode(false);
    }

    /** Threads of one operator. */
    public int threads() {
        return threads;
    }

    /**
     * Runs works side by side, each in a thread of its own that its operators keep to, and waits for them: where these
     * are small, or do not run in several threads, as look-ups in a table, that is faster than one after the other.
     */
    public void sideBySide(List<Runnable> works) {
        List<CompletableFuture<Void>> done = works.stream()
                .map(work -> CompletableFuture.runAsync(
                        () -> {
                            prepareThread(1);
                            scoped(() -> {
                                work.run();
                                return null;
                            });
                        },
                        task -> new Thread(task, "temper-side").start()))
                .toList();
        try {
            done.forEach(CompletableFuture::join);
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } finally {
            JniUtils.setNumThreads(threads); // libtorch's own note of it is one for all threads
        }
    }

    /** Compiles a program of {@code src/main/torchscript}, such as {@code llama.Llama}. */
    public Program compile(String type, Map<String, Object> attributes) {
        return Program.compile(manager, type, attributes);
    }

    /**
     * Runs work whose parallel streams take as many threads as this worker has; by themselves they take one for each
     * core of the machine.
     */
    public <T> T withinThreads(Supplier<T> work) {
        ForkJoinPool pool = new ForkJoinPool(threads);
        try {
            return pool.submit(work::get).join();
        } finally {
            pool.shutdown();
        }
    }

    /** Operations on arrays. */
    public TensorKernels tensors() {
        return tensors;
    }

    /** Losses and gradients. */
    public LossKernels losses() {
        if (losses == null) {
            losses = new LossKernels(this, compile("losses.Losses", Map.of()));
        }
        return losses;
    }

    /** Lets an array outlive the innermost scope; the caller closes it. */
    public static NDArray keep(NDArray array) {
        NDScope.unregister(array);
        return array;
    }

    /** Work that may fail in its own way. */
    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /** Frees every array that the work makes in this thread, except what {@link #keep} lets out. */
    public static <T, E extends Exception> T scoped(Work<T, E> work) throws E {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            return work.run();
        }
    }

    /** The work's operations record what is needed for gradients, until the result is closed or differentiated. */
    public static <T> T recorded(Supplier<T> work) {
        JniUtils.setGradMode(true);
        try {
            return work.get();
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    /**
     * The work's operations run in libtorch's inference mode: with less to do for each call, and results that nothing
     * can be differentiated through later.
     */
    public static <T> T inferred(Supplier<T> work) {
        INFERRING.set(true);
        try {
            return work.get();
        } finally {
            INFERRING.set(false);
        }
    }

    static boolean isInferring() {
        return INFERRING.get();
    }

    private static NDArray allocated(Supplier<NDArray> creation) {
        return FailedAllocationException.watch("an array", creation);
    }

    public NDArray zeros(Shape shape) {
        return allocated(() -> manager.zeros(shape, DataType.FLOAT32));
    }

    public NDArray empty(Shape shape) {
        return allocated(() -> manager.create(shape, DataType.FLOAT32));
    }

    /** Elements whose content does not matter. */
    public NDArray empty(Shape shape, FloatType type) {
        return tensors.empty(shape, type);
    }

    /**
     * Elements of a file, without a copy: their pages are read when they are touched, belong to the page cache and are
     * shared by all that map the file. They are not to be written to, and the file must stay as it is.
     *
     * @param offset of the first element in bytes, a multiple of the element's size
     */
    public NDArray mapped(Path file, long offset, FloatType type, Shape shape) {
        NDArray whole = mappings.computeIfAbsent(type + " " + file, name -> keep(tensors.mapped(file, type)));
        return part(whole, offset, type, shape);
    }

    /** As {@link #mapped}, by a mapping of its own that may be written to: its pages become this array's alone. */
    public NDArray writable(Path file, long offset, FloatType type, Shape shape) {
        return part(tensors.mapped(file, type), offset, type, shape);
    }

    private static NDArray part(NDArray whole, long offset, FloatType type, Shape shape) {
        if (offset % type.bytes() != 0) {
            throw new IllegalArgumentException("there is no element of " + type + " at byte " + offset);
        }
        long first = offset / type.bytes();
        return view(slice(whole, first, first + shape.size()), shape);
    }

    /** Bytes whose content does not matter; in native memory, which the limit of direct buffers does not count. */
    public NDArray bytes(long count) {
        return allocated(() -> manager.create(new Shape(count), DataType.UINT8));
    }

    public NDArray ints(long... values) {
        return manager.create(values);
    }

    public NDArray ints(int[] values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return manager.create(wide);
    }

    /** As int32; everything else that counts is int64. */
    public NDArray shortInts(int[] values) {
        return manager.create(values);
    }

    public NDArray floats(float[] values, Shape shape) {
        return allocated(() -> manager.create(values, shape));
    }

    public NDArray scalar(float value) {
        return manager.create(value);
    }

    /** What a program needs to drop elements with this chance, by masks that differ by the salt. */
    public NDArray dropout(double chance, long salt) {
        return ints(Math.min(0xFFFF, Math.round(chance * (1 << 16))), salt);
    }

    public NDArray doubles(double... values) {
        return manager.create(values);
    }

    /**
     * An array on the buffer's own memory, without a copy.
     *
     * @param bytes direct, in native order
     */
    public NDArray on(ByteBuffer bytes, DataType type, Shape shape) {
        return manager.create(bytes, shape, type);
    }

    /** A view of elements {@code [from, to)} of a flat array. */
    public static NDArray slice(NDArray flat, long from, long to) {
        return JniUtils.slice((PtNDArray) flat, 0, from, to, 1);
    }

    /** A view with another shape. */
    public static NDArray view(NDArray array, Shape shape) {
        return JniUtils.reshape((PtNDArray) array, shape.getShape());
    }

    /** The same memory without a history of operations. */
    public static NDArray detach(NDArray array) {
        return JniUtils.detachGradient((PtNDArray) array);
    }

    /** The array's own memory, native order; valid while the array lives. Contiguous arrays of a processor only. */
    public static ByteBuffer memory(NDArray array) {
        return JniUtils.getByteBuffer((PtNDArray) array, true);
    }

    @Override
    public void close() {
        mappings.values().forEach(NDArray::close);
        tensors.close();
        if (losses != null) {
            losses.close();
        }
        manager.close();
    }
}
