package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory on files of a folder: the system writes their pages out when memory is short. A file loses its name as soon as
 * it is mapped, so that nothing is left behind whichever way the process ends.
 */
public final class ScratchMemory {
    private static final int BLOCK = 1 << 20;

    private final TensorKernels kernels;
    private final Path folder;

    /** @param folder made when there is none; on a disk, not on a file system that is memory itself */
    public ScratchMemory(Workspace workspace, Path folder) {
        this.kernels = workspace.tensors();
        this.folder = folder;
    }

    /**
     * Zeros, until the array is closed.
     *
     * @throws IOException when the folder has no room for them
     */
    public NDArray zeros(long count, FloatType type) throws IOException {
        return zeros(count, type.bytes(), type.number());
    }

    /** As {@link #zeros(long, FloatType)}, (count) uint8. */
    public NDArray bytes(long count) throws IOException {
        return zeros(count, 1, TensorKernels.UINT8);
    }

    private NDArray zeros(long count, int width, int number) throws IOException {
        if (!Files.isDirectory(folder)) { // createDirectories refuses a link to a folder
            Files.createDirectories(folder);
        }
        Path file = Files.createTempFile(folder, "temper-", ".memory");
        try {
            fill(file, count * width);
            return Workspace.keep(kernels.shared(file, number, count));
        } finally {
            delete(file);
        }
    }

    /** Writes zeros: a file that only looks long enough would end the process once its disk is full. */
    private static void fill(Path file, long bytes) throws IOException {
        byte[] zeros = new byte[(int) Math.min(BLOCK, bytes)];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long left = bytes; left > 0; left -= zeros.length) {
                out.write(zeros, 0, (int) Math.min(zeros.length, left));
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit(); // a system that holds on to mapped files
        }
    }
}
