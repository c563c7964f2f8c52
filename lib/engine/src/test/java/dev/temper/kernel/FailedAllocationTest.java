package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.LossKernels.Head;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

final class FailedAllocationTest {
    private static final int MEGABYTES = 64;

    private final Workspace workspace = Workspace.open(1);

    @AfterEach
    void close() {
        workspace.close();
    }

    @Test
    void ofAnArrayIsOurs() {
        assertThatThrownBy(() -> workspace.empty(new Shape(1L << 48)))
                .isInstanceOf(FailedAllocationException.class)
                .hasMessageContainingAll("out of memory", "1,125,899,906,842,624 bytes");
    }

    @Test
    void ofAProgramIsOurs() {
        NDArray h = workspace.zeros(new Shape(1 << 24, 1));
        NDArray weight = workspace.zeros(new Shape(1 << 24, 1));
        Head head = new Head(weight, workspace.scalar(0));

        assertThatThrownBy(() -> workspace.losses().logits(h, head))
                .isInstanceOf(FailedAllocationException.class)
                .hasMessageContainingAll("1,125,899,906,842,624 bytes", "logits");
        assertThatThrownBy(() -> Workspace.inferred(() -> workspace.losses().logits(h, head)))
                .isInstanceOf(FailedAllocationException.class);
    }

    @Test
    void otherFailuresAreNot() {
        NDArray two = workspace.zeros(new Shape(2));
        NDArray three = workspace.zeros(new Shape(3));

        assertThatThrownBy(() -> workspace.tensors().copy(two, three))
                .isNotInstanceOf(FailedAllocationException.class)
                .hasMessageContaining("size");
    }

    /** DJL's own call would keep its arguments. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void argumentsOfAFailedCallAreFreed() throws IOException {
        failWithArguments();
        double before = megabytes();
        for (int i = 0; i < 8; i++) {
            failWithArguments();
        }
        assertThat(megabytes() - before).isLessThan(4 * MEGABYTES);
    }

    private void failWithArguments() {
        Workspace.scoped(() -> {
            NDArray large = workspace.zeros(new Shape(MEGABYTES << 18));
            NDArray small = workspace.zeros(new Shape(3));
            workspace.tensors().clear(large); // its pages exist
            assertThatThrownBy(() -> workspace.tensors().copy(large, small)).isNotNull();
            return small;
        });
    }

    private static double megabytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }
}
