package dev.temper.train.optim;

import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.ScratchMemory;
import dev.temper.kernel.Workspace;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Allocates an optimizer's state: in the memory of the workspace, or in memory-mapped files, whose pages the operating
 * system writes to disk when memory is short.
 */
public final class StateMemory {
    private static final int PAGE = 4096; // smaller arrays are not worth a file

    private final Workspace workspace;
    private final OptimizerKernels kernels;
    private final Optional<ScratchMemory> scratch;

    private StateMemory(Workspace workspace, Optional<ScratchMemory> scratch) {
        this.workspace = workspace;
        this.kernels = new OptimizerKernels(workspace);
        this.scratch = scratch;
    }

    /** State in the workspace's own memory. */
    public static StateMemory of(Workspace workspace) {
        return new StateMemory(workspace, Optional.empty());
    }

    /** State in memory-mapped files in a folder, which is created if missing. */
    public static StateMemory offloaded(Workspace workspace, Path folder) {
        return new StateMemory(workspace, Optional.of(new ScratchMemory(workspace, folder)));
    }

    /**
     * State where {@code training.optimizer_offload} puts it.
     *
     * @param folder for offloaded state
     */
    public static StateMemory of(Workspace workspace, TrainingConfig config, Path folder) {
        return config.optimizerOffload() ? offloaded(workspace, folder) : of(workspace);
    }

    Workspace workspace() {
        return workspace;
    }

    OptimizerKernels kernels() {
        return kernels;
    }

    /** Zeros of shape (count), float32. */
    NDArray floats(long count) {
        return isOffloaded(Float.BYTES * count)
                ? offloaded(memory -> memory.zeros(count, FloatType.FLOAT32))
                : workspace.zeros(new Shape(count));
    }

    /** Flat float32 zeros with as many elements as each of the given arrays. */
    List<NDArray> floats(List<NDArray> like) {
        return like.stream().map(array -> floats(array.size())).toList();
    }

    /** Zeros of shape (count), uint8. */
    NDArray bytes(long count) {
        if (isOffloaded(count)) {
            return offloaded(memory -> memory.bytes(count));
        }
        NDArray bytes = workspace.bytes(count);
        workspace.tensors().clear(bytes);
        return bytes;
    }

    private boolean isOffloaded(long bytes) {
        return scratch.isPresent() && bytes >= PAGE;
    }

    private interface Allocation {
        NDArray in(ScratchMemory memory) throws IOException;
    }

    private NDArray offloaded(Allocation allocation) {
        try {
            return allocation.in(scratch.orElseThrow());
        } catch (IOException e) {
            throw invalid(
                    "training.optimizer_offload: the optimizer's state cannot be kept in files (%s): set"
                            + " cluster.local_dir to a folder with room for them, or leave optimizer_offload out",
                    e);
        }
    }
}
