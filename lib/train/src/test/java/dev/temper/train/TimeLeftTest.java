package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.rows.BatchPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs of given durations, foretold while they go on. */
final class TimeLeftTest {
    private static final double PER_TOKEN = 1e-3;

    private final Settings settings = new Settings();

    /**
     * @param first how much longer the first update takes, as the programs of a process are made in it
     * @param evaluation seconds of one
     */
    @ParameterizedTest
    @CsvSource({"1, 0, 0", "60, 0, 0", "60, 15, 0", "5, 40, 0", "60, 15, 20", "5, 0, 30"})
    void isWithinAFifthAfterTenUpdates(double first, double evaluation, int evalSteps) {
        settings.steps = 120;
        settings.batchSize = 8;
        settings.evalSteps = evalSteps;
        List<TokenRow> rows = rows(4711, 200);
        BatchPlan plan = BatchPlan.of(rows.size(), settings.config());
        TimeLeft left = new TimeLeft(
                CausalRows.unpacked(rows, evaluation > 0 ? rows.subList(0, 3) : List.of()), settings.config(), plan);
        left.took(TimeLeft.Part.EVALUATION, evaluation);
        left.took(TimeLeft.Part.ANSWERS, 3);

        double[] seconds = new double[settings.steps + 1];
        double[] foretold = new double[settings.steps + 1];
        int[] epoch = {};
        for (int step = 1; step <= settings.steps; step++) {
            if ((step - 1) % plan.stepsPerEpoch() == 0) {
                epoch = plan.epoch((step - 1) / plan.stepsPerEpoch());
            }
            int tokens = 0;
            for (int row : plan.batch(epoch, step - 1)) {
                tokens += rows.get(row).length();
            }
            seconds[step] = tokens * PER_TOKEN * (step == 1 ? first : 1);
            left.updated(seconds[step], tokens);
            foretold[step] = left.after(step);
        }

        for (int step = 1; step < settings.steps; step++) {
            double truth = 3 + evaluation * evaluationsAfter(step, evalSteps);
            for (int later = step + 1; later <= settings.steps; later++) {
                truth += seconds[later];
            }
            if (step < 4) {
                assertThat(foretold[step])
                        .as("after update %d nobody knows", step)
                        .isNaN();
            } else if (step >= 10) {
                assertThat(foretold[step]).as("after update %d", step).isCloseTo(truth, within(0.2 * truth));
            }
        }
        assertThat(foretold[settings.steps]).isEqualTo(3 + evaluation);
    }

    /** With the one that is due right now. */
    private int evaluationsAfter(int step, int every) {
        int due = every == 0 ? 0 : settings.steps / every - (step - 1) / every;
        return due + (every > 0 && settings.steps % every == 0 ? 0 : 1);
    }

    @Test
    void aRunThatGoesOnKnowsWhatAnEvaluationTook() {
        settings.evalSteps = 2;
        List<TokenRow> rows = rows(3, 24);
        TimeLeft left =
                new TimeLeft(CausalRows.unpacked(rows, rows), settings.config(), BatchPlan.of(24, settings.config()));
        for (int i = 0; i < 5; i++) {
            left.updated(1, 40);
        }
        assertThat(left.after(5)).as("none was made in this process").isNaN();

        TrainingState state = new TrainingState();
        state.secondsOfEvaluation = 7;
        left.took(TimeLeft.Part.EVALUATION, TrainingState.of(state.json()).secondsOfEvaluation);

        assertThat(left.after(5)).isGreaterThan(7).isLessThan(20);
    }

    private static List<TokenRow> rows(long seed, int count) {
        Random random = new Random(seed);
        List<TokenRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = 5 + random.nextInt(200); // as uneven as texts are
            rows.add(new TokenRow(new int[length], new boolean[length]));
        }
        return rows;
    }
}
