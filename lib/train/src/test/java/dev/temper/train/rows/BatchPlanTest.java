package dev.temper.train.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BatchPlanTest {
    private static BatchPlan shuffled(int rows, int batchSize, double epochs) {
        return new BatchPlan(rows, batchSize, epochs, OptionalInt.empty(), true, 42);
    }

    @ParameterizedTest
    @CsvSource({"10, 3, 1, 4, 4", "10, 5, 1, 2, 2", "10, 3, 2.5, 4, 10", "10, 3, 0.3, 4, 2", "1, 8, 3, 1, 3"})
    void roundsUpToWholeUpdates(int rows, int batchSize, double epochs, int stepsPerEpoch, int steps) {
        BatchPlan plan = shuffled(rows, batchSize, epochs);

        assertThat(plan.stepsPerEpoch()).isEqualTo(stepsPerEpoch);
        assertThat(plan.steps()).isEqualTo(steps);
    }

    @Test
    void maxStepsWinOverEpochs() {
        assertThat(new BatchPlan(10, 3, 1, OptionalInt.of(7), true, 42).steps()).isEqualTo(7);
    }

    @Test
    void coversEachRowOnceInEveryEpoch() {
        BatchPlan plan = shuffled(103, 8, 3);
        int[] all = IntStream.range(0, 103).toArray();

        for (int epoch = 0; epoch < 3; epoch++) {
            int first = epoch * plan.stepsPerEpoch();
            int[] rows = IntStream.range(first, first + plan.stepsPerEpoch())
                    .flatMap(step -> IntStream.of(plan.rowsOf(step)))
                    .toArray();
            assertThat(rows).containsExactlyInAnyOrder(all).isNotEqualTo(all).isEqualTo(plan.epoch(epoch));
        }
        assertThat(plan.epoch(0)).isNotEqualTo(plan.epoch(1));
        assertThat(plan.rowsOf(12)).hasSize(7);
    }

    @Test
    void everyCallerGetsTheSameRows() {
        assertThat(shuffled(50, 4, 2).rowsOf(17)).isEqualTo(shuffled(50, 4, 2).rowsOf(17));
        assertThat(shuffled(50, 50, 1).rowsOf(0))
                .isNotEqualTo(new BatchPlan(50, 50, 1, OptionalInt.empty(), true, 43).rowsOf(0));
    }

    @Test
    void neverChangesItsOrder() { // a changed order changes every curve and breaks resuming
        assertThat(shuffled(10, 10, 2).rowsOf(0)).containsExactly(2, 3, 6, 4, 7, 9, 0, 8, 1, 5);
        assertThat(shuffled(10, 10, 2).rowsOf(1)).containsExactly(8, 1, 9, 4, 3, 5, 0, 6, 7, 2);
    }

    @Test
    void placesEveryRowEverywhereAboutEquallyOften() {
        int[] counts = new int[8];
        BatchPlan plan = shuffled(8, 8, 1);
        for (int epoch = 0; epoch < 8000; epoch++) {
            counts[plan.epoch(epoch)[0]]++;
        }

        assertThat(IntStream.of(counts))
                .allSatisfy(count -> assertThat(count).isBetween(880, 1120)); // 4 standard deviations
    }

    @Test
    void keepsTheOrderOfTheDataWithoutShuffle() {
        BatchPlan plan = new BatchPlan(5, 2, 2, OptionalInt.empty(), false, 42);

        assertThat(plan.rowsOf(0)).containsExactly(0, 1);
        assertThat(plan.rowsOf(2)).containsExactly(4);
        assertThat(plan.rowsOf(4)).containsExactly(2, 3);
    }

    @Test
    void refusesNoRows() {
        assertThatThrownBy(() -> shuffled(0, 2, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
