package dev.temper.train.optim;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.train.Settings;
import dev.temper.train.config.Optim;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several threads share an update of many elements; the result is that of one. */
final class AdamW8bitPartsTest {
    private static final List<Spec> SPECS = List.of(
            new Spec("a", new Shape(700_001), 0, true),
            new Spec("b", new Shape(1_000_300), 0, true),
            new Spec("c", new Shape(5_003), 1, true),
            new Spec("d", new Shape(1_100_000), 1, false),
            new Spec("small", new Shape(100), 1, true));

    @Test
    void threadsDoNotChangeTheUpdate() {
        float[] one = trained(1);

        assertThat(trained(2)).isEqualTo(one);
        assertThat(trained(3)).isEqualTo(one);
        for (int i = 0; i < one.length; i++) {
            assertThat(one[i]).as("element %d is updated", i).isNotZero();
        }
    }

    private static float[] trained(int threads) {
        Settings settings = new Settings();
        settings.optim = Optim.ADAMW_8BIT;
        try (Workspace workspace = Workspace.open(threads)) {
            TrainedParameters parameters = new TrainedParameters(workspace, SPECS);
            Optimizer optimizer = Optimizers.of(StateMemory.of(workspace), parameters, settings.config());
            for (int step = 1; step <= 3; step++) {
                float[] gradients = new float[(int) parameters.count()];
                for (int i = 0; i < gradients.length; i++) {
                    gradients[i] = ((i * 31L + step * 17L) % 1009 - 504.5f) / 300;
                }
                Workspace.memory(parameters.flatGradients()).asFloatBuffer().put(gradients);
                optimizer.step(step, 1e-3, 1);
            }
            return parameters.flatWeights().toFloatArray();
        }
    }
}
