package dev.temper.train.rows;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LengthGroupsTest {
    @Test
    void isWhatTransformersMakesOfTheSamePermutation() {
        int[] lengths = {5, 9, 2, 7, 7, 3, 30, 1, 4, 8, 6, 2, 11, 3, 10, 12, 5};
        int[] order = {3, 16, 0, 7, 12, 4, 9, 1, 14, 2, 10, 6, 5, 15, 8, 11, 13};

        // get_length_grouped_indices with mega_batch_mult = 17 // (2 * 4) = 2 and torch.randperm giving this order
        assertThat(LengthGroups.sorted(order, lengths, 2))
                .containsExactly(6, 16, 0, 7, 12, 1, 9, 4, 3, 14, 10, 2, 15, 8, 5, 11, 13);
    }

    @Test
    void coversEachRowOnceWithLittleSpreadInAnUpdate() {
        int[] lengths = new Random(5).ints(1003, 1, 500).toArray();
        BatchPlan plan = new BatchPlan(1003, 8, 2, OptionalInt.empty(), true, 42);

        int[] sorted = LengthGroups.sorted(plan.epoch(1), lengths, 8);

        assertThat(sorted)
                .containsExactlyInAnyOrder(IntStream.range(0, 1003).toArray())
                .isEqualTo(LengthGroups.sorted(plan.epoch(1), lengths, 8))
                .isNotEqualTo(LengthGroups.sorted(plan.epoch(0), lengths, 8));
        assertThat(lengths[sorted[0]]).isEqualTo(IntStream.of(lengths).max().orElseThrow());
        assertThat(spread(plan, sorted, lengths)).isLessThan(0.1 * spread(plan, plan.epoch(1), lengths));
    }

    /** Mean difference between the longest and the shortest row of an update. */
    private static double spread(BatchPlan plan, int[] order, int[] lengths) {
        return IntStream.range(1, plan.stepsPerEpoch())
                .mapToObj(step -> Arrays.stream(plan.batch(order, step))
                        .map(row -> lengths[row])
                        .summaryStatistics())
                .mapToInt(batch -> batch.getMax() - batch.getMin())
                .average()
                .orElseThrow();
    }
}
