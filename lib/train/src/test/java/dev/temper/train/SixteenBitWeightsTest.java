package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.train.config.Optim;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights in bfloat16: what they lose in one update they get back on average. */
final class SixteenBitWeightsTest {
    /** More than a piece of any update rule; the second does not begin at a multiple of four. */
    private static final List<Spec> SPECS = List.of(
            new Spec("a.weight", new Shape(617, 487), 0, true),
            new Spec("a.bias", new Shape(4501), 0, false),
            new Spec("b.weight", new Shape(9, 7), 1, true));

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private TrainedParameters parameters(FloatType type) {
        return new TrainedParameters(workspace, SPECS, FloatType.FLOAT32, type);
    }

    private void set(NDArray array, float[] values) {
        Workspace.scoped(() -> {
            workspace.tensors().copy(workspace.floats(values, new Shape(values.length)), array);
            return null;
        });
    }

    private float[] values(NDArray array) {
        return Workspace.scoped(() -> {
            NDArray wide = workspace.empty(new Shape(array.size()));
            workspace.tensors().copy(array, wide);
            return wide.toFloatArray();
        });
    }

    private static float[] filled(long count, float value) {
        float[] values = new float[(int) count];
        Arrays.fill(values, value);
        return values;
    }

    private static Settings settings(Optim rule) {
        Settings settings = new Settings();
        settings.optim = rule;
        settings.weightDecay = 0;
        settings.maxGradNorm = 0;
        return settings;
    }

    private Optimizer optimizer(TrainedParameters parameters, Settings settings) {
        return Optimizers.of(StateMemory.of(workspace), parameters, settings.config());
    }

    /**
     * The next larger bfloat16 than 1 is 1 + 1/128: each update is an eighth of that, and rounding to nearest loses it.
     */
    @ParameterizedTest
    @EnumSource
    void updatesTooSmallForTheWeightsArriveOnAverage(Optim rule) {
        double small = 0x1p-10;
        TrainedParameters parameters = parameters(FloatType.BFLOAT16);
        set(parameters.flatWeights(), filled(parameters.count(), 1));
        Optimizer optimizer = optimizer(parameters, settings(rule));

        for (int number = 1; number <= 4; number++) {
            set(parameters.flatGradients(), filled(parameters.count(), -1)); // with which each rule goes up by its rate
            optimizer.step(number, small, 1);
        }

        float[] weights = values(parameters.flatWeights());
        double[] mean = {mean(weights, 0, 617 * 487), mean(weights, 617 * 487, 617 * 487 + 4501)};
        assertThat(mean[0]).isCloseTo(1 + 4 * small, within(0.02 * 4 * small)); // seven standard deviations
        assertThat(mean[1]).isCloseTo(1 + 4 * small, within(0.10 * 4 * small));
        assertThat(distinct(weights))
                .contains(1f, 1 + 0x1p-7f)
                .allMatch(weight -> weight >= 1 && weight <= 1 + 0x1p-5f);
    }

    private static double mean(float[] values, int from, int to) {
        return IntStream.range(from, to).mapToDouble(i -> values[i]).average().orElseThrow();
    }

    private static List<Float> distinct(float[] values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> values[i])
                .distinct()
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void staysNearFloat32(Optim rule) {
        Settings settings = settings(rule);
        settings.weightDecay = 0.1;
        settings.maxGradNorm = 1;
        TrainedParameters exact = parameters(FloatType.FLOAT32);
        TrainedParameters near = parameters(FloatType.BFLOAT16);
        run(exact, settings, 1, 5);
        run(near, settings, 1, 5);

        float[] expected = values(exact.flatWeights());
        float[] actual = values(near.flatWeights());
        for (int i = 0; i < expected.length; i++) {
            // Six roundings of less than a step of the eight bits each.
            assertThat(actual[i]).as("weight %d", i).isCloseTo(expected[i], within(6 * 0x1p-7f));
        }
        double drift = IntStream.range(0, expected.length)
                .mapToDouble(i -> actual[i] - expected[i])
                .average()
                .orElseThrow();
        assertThat(drift).isCloseTo(0, within(2e-5));
        assertThat(Arrays.equals(actual, expected)).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void followsFromSeedUpdateAndPlace(Optim rule) {
        TrainedParameters one = parameters(FloatType.BFLOAT16);
        TrainedParameters same = parameters(FloatType.BFLOAT16);
        TrainedParameters other = parameters(FloatType.BFLOAT16);
        run(one, settings(rule), 1, 2);
        run(same, settings(rule), 1, 2);
        run(other, settings(rule), 2, 3); // the same updates with other numbers

        float[] weights = values(one.flatWeights());
        assertThat(Arrays.equals(values(same.flatWeights()), weights)).isTrue();
        assertThat(Arrays.equals(values(other.flatWeights()), weights)).isFalse();
    }

    @Test
    void neighboursAreRoundedDifferently() {
        TrainedParameters parameters = parameters(FloatType.BFLOAT16);
        set(parameters.flatWeights(), filled(parameters.count(), 1));
        set(parameters.flatGradients(), filled(parameters.count(), -1));
        optimizer(parameters, settings(Optim.SGD)).step(1, 0x1p-8, 1); // up with a chance of one half

        float[] weights = values(parameters.flatWeights());
        for (int distance : new int[] {1, 2, 3, 4, 8, 487, 131072, 262144}) {
            int pairs = weights.length - distance;
            long equal = IntStream.range(0, pairs)
                    .filter(i -> weights[i] == weights[i + distance])
                    .count();
            assertThat((double) equal / pairs)
                    .as("at a distance of %d", distance)
                    .isCloseTo(0.5, within(0.02));
        }
    }

    /** Updates {@code from} to {@code to} of weights that start as a sine. */
    private void run(TrainedParameters parameters, Settings settings, int from, int to) {
        float[] start = new float[(int) parameters.count()];
        for (int i = 0; i < start.length; i++) {
            start[i] = (float) Math.sin(i);
        }
        set(parameters.flatWeights(), start);
        Optimizer optimizer = optimizer(parameters, settings);
        for (int number = from; number <= to; number++) {
            float[] gradient = new float[start.length];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = (float) Math.sin(0.3 * i * (number - from + 1)) * (1 + i % 100);
            }
            set(parameters.flatGradients(), gradient);
            optimizer.step(number, 0.01, workspace.losses().norm(parameters.gradients()));
        }
    }
}
