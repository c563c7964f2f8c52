package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Operations on arrays of every {@link FloatType}, which DJL does not have: it knows no bfloat16 and no mapped files.
 */
public final class TensorKernels implements AutoCloseable {
    /** libtorch's number of unsigned bytes. */
    static final int UINT8 = 0;

    private final Workspace workspace;
    private final Program program;

    TensorKernels(Workspace workspace, Program program) {
        this.workspace = workspace;
        this.program = program;
    }

    /** Copies source, of any type, into target (same shape) in place, converting the type. */
    public void copy(NDArray source, NDArray target) {
        program.call("copy").with(target).with(source).run();
    }

    /** Sets an array of any shape and type to zero, NaN too. */
    public void clear(NDArray array) {
        program.call("clear").with(array).run();
    }

    /** The values in another type, same shape; on the same memory when the array has that type already. */
    public NDArray cast(NDArray array, FloatType type) {
        return program.call("cast")
                .with(array)
                .with(workspace.ints(type.number()))
                .run()
                .get(0);
    }

    /**
     * Fills the rows of a matrix (V, D), float32 or 16 bits, that follow the first {@code count} with the mean of
     * these.
     */
    public void fillRows(NDArray matrix, long count) {
        program.call("fill_rows").with(matrix).with(workspace.ints(count)).run();
    }

    /** Copies of some rows: matrix (V, D), ids (K) int64 -> (K, D). */
    public NDArray rows(NDArray matrix, NDArray ids) {
        return program.call("rows").with(matrix).with(ids).run().get(0);
    }

    /** Puts rows (K, D) into a matrix (V, D), converting the type. */
    public void putRows(NDArray matrix, NDArray ids, NDArray rows) {
        program.call("put_rows").with(matrix).with(ids).with(rows).run();
    }

    /** (N, I) times the transposed of (M, I). */
    NDArray product(NDArray a, NDArray b) {
        return program.call("product").with(a).with(b).run().get(0);
    }

    /** Elements whose content does not matter. */
    NDArray empty(Shape shape, FloatType type) {
        return program.call("empty")
                .with(workspace.ints(shape.getShape()))
                .with(workspace.ints(type.number()))
                .run()
                .get(0);
    }

    /** All of a file, as many whole elements as it has; private to the process where it is written to. */
    NDArray mapped(Path file, FloatType type) {
        try {
            return mapped(file, type.number(), Files.size(file) / type.bytes(), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** So many elements of libtorch's type of that number; what is written to them, the file holds. */
    NDArray shared(Path file, int number, long count) {
        return mapped(file, number, count, 1);
    }

    private NDArray mapped(Path file, int number, long count, int shared) {
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        long[] name = new long[path.length];
        Arrays.setAll(name, i -> path[i] & 0xFF);
        return program.call("mapped")
                .with(workspace.ints(name))
                .with(workspace.ints(number, count, shared))
                .run()
                .get(0);
    }

    @Override
    public void close() {
        program.close();
    }
}
