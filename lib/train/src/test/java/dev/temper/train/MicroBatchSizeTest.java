package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import dev.temper.collective.Collective;
import dev.temper.kernel.FailedAllocationException;
import dev.temper.kernel.Workspace;
import dev.temper.train.worker.MicroBatchSize;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import dev.temper.train.worker.TooLongRowException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MicroBatchSizeTest {
    private static final long MORE_THAN_THERE_IS = 1L << 48;

    @Test
    void isHalfOfWhatFailed() {
        assertThat(halved(1000, 10, 20, 30, 40)).isEqualTo(50);
        assertThat(halved(1000, 10, 90, 10)).isEqualTo(90);
    }

    private static int halved(int tokens, int... lengths) {
        MicroBatchSize size = new MicroBatchSize(tokens);
        size.halve(lengths, new FailedAllocationException("no memory"));
        assertThat(size.halvings()).isEqualTo(1);
        return size.tokens();
    }

    @Test
    void singleRowIsNamed() {
        MicroBatchSize size = new MicroBatchSize(1000);

        assertThatThrownBy(() -> size.halve(new int[] {4096}, new FailedAllocationException("no memory")))
                .isInstanceOf(TooLongRowException.class)
                .hasMessageContainingAll(
                        "a row of 4,096 tokens", "training.gradient_checkpointing", "data.max_length", "quantization");
        assertThat(size.tokens()).isEqualTo(1000);
    }

    @Test
    void isRememberedByACheckpoint() {
        TrainingState state = new TrainingState();
        state.halvings = 3;
        state.microBatchTokens = 256;
        TrainingState read = TrainingState.of(state.json());
        MicroBatchSize size = new MicroBatchSize(1000);

        size.limit(read.microBatchTokens);
        assertThat(size.tokens()).isEqualTo(256);
        assertThat(read.halvings).isEqualTo(3);

        size.limit(TrainingState.of(new TrainingState().json()).microBatchTokens);
        assertThat(size.tokens()).isEqualTo(256);
    }

    /** An evaluation goes on where it failed. */
    @Test
    void sharesGoOnInSmallerPasses() {
        Settings settings = new Settings();
        settings.microBatchTokens = 100;
        List<List<Integer>> passes = new ArrayList<>();
        try (Workspace workspace = Workspace.open(1)) {
            Replica worker = Replica.of(null, Collective.alone(), settings.config());
            Share<Integer> share = new Share<>(worker, row -> row);
            for (int row = 0; row < 8; row++) {
                share.add(row, row < 4 ? 10 : 20, 1, row);
            }
            share.forEach(rows -> {
                passes.add(List.copyOf(rows));
                pass(workspace, rows);
            });
            assertThat(passes)
                    .containsExactly(
                            List.of(0, 1, 2, 3, 4),
                            List.of(0, 1, 2),
                            List.of(3, 4),
                            List.of(5),
                            List.of(6),
                            List.of(7));
            assertThat(worker.microBatch().tokens()).isEqualTo(30);
        }
    }

    /** Finds no memory for more than 40 tokens. */
    private static void pass(Workspace workspace, List<Integer> rows) {
        int tokens = rows.stream().mapToInt(row -> row < 4 ? 10 : 20).sum();
        Workspace.scoped(() -> workspace.empty(new Shape(tokens > 40 ? MORE_THAN_THERE_IS : tokens)));
    }
}
