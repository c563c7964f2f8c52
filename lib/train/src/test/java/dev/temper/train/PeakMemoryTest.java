package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.Workspace;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
final class PeakMemoryTest {
    private static final long BYTES = 200L << 20;

    @Test
    void seesNativeMemoryThatIsGoneAgain() {
        try (PeakMemory memory = PeakMemory.watch();
                Workspace workspace = Workspace.open(1)) {
            await(memory, 1);
            long before = memory.peak().orElseThrow().anonymousBytes();

            Workspace.scoped(() -> {
                workspace.tensors().clear(workspace.bytes(BYTES)); // touches every page
                await(memory, before + BYTES / 2);
                return null;
            });

            assertThat(memory.peak().orElseThrow().anonymousBytes()).isGreaterThan(before + BYTES / 2);
            assertThat(memory.peak().orElseThrow().mappedBytes()).isPositive();
        }
    }

    private static void await(PeakMemory memory, long bytes) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (memory.peak().map(PeakMemory.Peak::anonymousBytes).orElse(0L) < bytes && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
    }
}
