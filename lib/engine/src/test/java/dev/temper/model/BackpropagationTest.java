package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loss and gradients do not depend on how they are computed. */
final class BackpropagationTest {
    private static final List<Row> ROWS = TinyModel.rows(7);

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void rowsOfAStreamDoNotSeeEachOther(TinyModel model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Replica replica = Replica.of(workspace, model.write(folder));

            assertSame(replica.recorded(ROWS), replica.oneByOne(ROWS), 1e-5);
        }
    }

    @ParameterizedTest
    @EnumSource
    void checkpointingChangesNothing(TinyModel model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Replica replica = Replica.of(workspace, model.write(folder));

            assertSame(replica.checkpointed(ROWS), replica.recorded(ROWS), 1e-7);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aGradientPredictsTheLossNearby(TinyModel model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Replica replica = Replica.of(workspace, model.write(folder));
            float[] gradient = replica.recorded(ROWS).gradients();
            double squares = 0;
            for (float value : gradient) {
                squares += (double) value * value;
            }
            double step = 1e-3 / Math.sqrt(squares);

            double difference = loss(replica, gradient, step) - loss(replica, gradient, -2 * step);

            double slope = 0.125 * difference / (2 * step); // the gradient is that of an eighth of the loss
            assertThat(slope).isCloseTo(squares, within(5e-3 * squares));
        }
    }

    /** The loss after all weights have moved along the gradient. */
    private static double loss(Replica replica, float[] gradient, double step) {
        return Workspace.scoped(() -> {
            Workspace workspace = replica.network().workspace();
            float[] moved = replica.parameters().flatWeights().toFloatArray();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) (step * gradient[i]);
            }
            workspace
                    .tensors()
                    .copy(
                            workspace.floats(
                                    moved, replica.parameters().flatWeights().getShape()),
                            replica.parameters().flatWeights());
            return Backpropagation.lossSum(replica.network(), LabelledStream.of(ROWS));
        });
    }

    private static void assertSame(Replica.Result actual, Replica.Result expected, double tolerance) {
        assertThat(actual.loss()).isCloseTo(expected.loss(), within(tolerance * expected.loss()));
        assertThat(actual.gradients()).hasSameSizeAs(expected.gradients());
        for (int i = 0; i < expected.gradients().length; i++) {
            assertThat((double) actual.gradients()[i]).isCloseTo(expected.gradients()[i], within(tolerance));
        }
    }
}
