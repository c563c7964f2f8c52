package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

final class HostMemoryTest {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int PIECES = 4096;
    private static final int PIECE_BYTES = 64 << 10;

    static boolean isLinux() {
        return Files.isReadable(STATUS);
    }

    /** Pieces that are still used between the free ones keep the C library from giving these back by itself. */
    @Test
    @EnabledIf("isLinux")
    void freedPiecesBetweenUsedOnesGoBackToTheSystem() throws IOException {
        try (Workspace workspace = Workspace.open(1)) {
            List<NDArray> pieces = new ArrayList<>();
            for (int i = 0; i < PIECES; i++) {
                pieces.add(workspace.zeros(new Shape(PIECE_BYTES / Float.BYTES)));
            }
            for (int i = 0; i < PIECES; i += 2) {
                pieces.get(i).close();
            }
            long before = residentBytes();

            HostMemory.release();

            long freed = (long) PIECES / 2 * PIECE_BYTES;
            assertThat(before - residentBytes()).isGreaterThan(freed / 2);
            assertThat(pieces.get(PIECES - 1).sum().getFloat()).isZero();
        }
    }

    private static long residentBytes() throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }
}
