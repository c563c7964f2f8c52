package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.GoldenModels;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.train.config.Optim;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Ten updates on a quadratic against bitsandbytes' own pure PyTorch update. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class AdamW8bitAcceptanceTest {
    private static final GoldenModels GOLDEN = GoldenModels.open();
    private static final String REFERENCE = "bnb_pytorch";

    @Test
    void updatesAsBitsandbytesDoes() throws Exception {
        TensorFiles golden = TensorFiles.open(GOLDEN.root().resolve("quant"), "adam8bit");
        JsonNode losses =
                GOLDEN.json("quant/adam8bit.json").path(REFERENCE).path("losses_before_each_step_and_after_the_last");
        float[] target = GoldenModels.floats(golden, "target");
        float[] scale = GoldenModels.floats(golden, "d");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedParameters parameters =
                    new TrainedParameters(workspace, List.of(new Spec("w", new Shape(target.length), 0, true)));
            FloatBuffer weights = Workspace.memory(parameters.flatWeights()).asFloatBuffer();
            FloatBuffer gradients = Workspace.memory(parameters.flatGradients()).asFloatBuffer();
            weights.put(0, GoldenModels.floats(golden, "w0"));
            Settings settings = new Settings();
            settings.optim = Optim.ADAMW_8BIT;
            settings.maxGradNorm = 0;
            Optimizer optimizer = Optimizers.of(StateMemory.of(workspace), parameters, settings.config());

            for (int step = 0; step <= 10; step++) {
                double loss = 0;
                for (int i = 0; i < target.length; i++) {
                    float distance = weights.get(i) - target[i];
                    gradients.put(i, scale[i] * distance);
                    loss += 0.5 * scale[i] * distance * distance;
                }
                assertThat(loss).as("loss %d", step).isCloseTo(losses.path(step).asDouble(), within(1e-6 * loss));
                if (step == 1) {
                    assertState(optimizer, golden, REFERENCE + ".step1", 0);
                }
                if (step < 10) {
                    optimizer.step(step + 1, 0.01, 1);
                }
            }

            assertState(optimizer, golden, REFERENCE, 0.01);
            float[] expected = GoldenModels.floats(golden, REFERENCE + ".w");
            for (int i = 0; i < expected.length; i++) {
                assertThat(weights.get(i)).as("weight %d", i).isCloseTo(expected[i], within(1e-5f));
            }
        }
    }

    private static void assertState(Optimizer optimizer, TensorFiles golden, String prefix, double mayDiffer)
            throws IOException {
        Map<String, ByteBuffer> state = optimizer.state().stream()
                .collect(Collectors.toMap(
                        TensorWriter.Tensor::name, tensor -> tensor.values().get()));
        assertCodes(state.get("8bit.decayed.exp_avg.0.0"), golden.bytes(prefix + ".state1"), mayDiffer);
        assertCodes(state.get("8bit.decayed.exp_avg_sq.0.0"), golden.bytes(prefix + ".state2"), mayDiffer);
        assertAbsmax(state.get("8bit.decayed.exp_avg.absmax.0.0"), GoldenModels.floats(golden, prefix + ".absmax1"));
        assertAbsmax(state.get("8bit.decayed.exp_avg_sq.absmax.0.0"), GoldenModels.floats(golden, prefix + ".absmax2"));
    }

    private static void assertCodes(ByteBuffer actual, ByteBuffer expected, double mayDiffer) {
        assertThat(actual.remaining()).isEqualTo(expected.remaining());
        int differ = 0;
        for (int i = 0; i < expected.remaining(); i++) {
            int difference = Math.abs(Byte.toUnsignedInt(actual.get(i)) - Byte.toUnsignedInt(expected.get(i)));
            assertThat(difference).as("code %d", i).isLessThanOrEqualTo(mayDiffer > 0 ? 1 : 0);
            differ += difference;
        }
        assertThat((double) differ / expected.remaining()).isLessThanOrEqualTo(mayDiffer);
    }

    private static void assertAbsmax(ByteBuffer actual, float[] expected) {
        FloatBuffer values = actual.asFloatBuffer();
        for (int i = 0; i < expected.length; i++) {
            assertThat(values.get(i)).as("absmax %d", i).isCloseTo(expected[i], within(1e-5f * expected[i]));
        }
    }
}
