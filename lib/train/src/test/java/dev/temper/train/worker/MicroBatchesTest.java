package dev.temper.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MicroBatchesTest {
    @Test
    void makesAsFewGroupsAsTheBudgetAllows() {
        assertThat(MicroBatches.split(new int[] {3, 4, 3, 5, 5, 1}, 10))
                .containsExactly(new int[] {0, 1}, new int[] {2, 3}, new int[] {4, 5});
    }

    @Test
    void makesTheirLargestAsSmallAsItCanBe() {
        assertThat(MicroBatches.split(new int[] {4, 4, 4, 4}, 15)).containsExactly(new int[] {0, 1}, new int[] {2, 3});
    }

    @Test
    void givesALongerRowItsOwnGroup() {
        assertThat(MicroBatches.split(new int[] {2, 50, 2, 2}, 10))
                .containsExactly(new int[] {0}, new int[] {1}, new int[] {2, 3});
    }

    @Test
    void hasNoGroupsForNoRows() {
        assertThat(MicroBatches.split(new int[0], 10)).isEmpty();
    }
}
