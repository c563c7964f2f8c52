package dev.temper.adapter;

import static dev.temper.adapter.OutsideAdapter.PREFIX;
import static dev.temper.adapter.OutsideAdapter.RANK;
import static dev.temper.adapter.OutsideAdapter.SCALE;
import static dev.temper.adapter.OutsideAdapter.TEXT;
import static dev.temper.model.GoldenModels.difference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelTask;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of what only adapters from outside have. */
final class OutsideGradientsTest {
    @TempDir
    Path disk;

    private Workspace workspace;
    private OutsideAdapter outside;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private void base(TinyModel model) throws Exception {
        outside = OutsideAdapter.over(model, disk, workspace);
    }

    /** By the chain rule, from the gradients of the matrices that the updates are added to. */
    @ParameterizedTest
    @EnumSource
    void gradientsOfEmbeddingAndHeadFollowFromTheirMatrices(TinyModel model) throws Exception {
        base(model);
        outside.target(outside.base().tokenEmbedding(), outside.head());
        AdaptedModel adapted = outside.adapted();
        Architecture untied = outside.expected(outside.base().sizes().vocabulary());
        TrainedParameters whole = new TrainedParameters(workspace, ModelWeights.specs(untied));
        Network network = Network.load(workspace, untied, TensorFiles.open(disk.resolve("expected"), "model"), whole);
        LabelledStream stream = LabelledStream.of(TinyModel.rows(4));

        double expected = Backpropagation.recording(network).accumulate(stream, 0.5);
        double loss = Backpropagation.recording(adapted.network()).accumulate(stream, 0.5);

        assertThat(loss).isCloseTo(expected, within(1e-5 * expected));
        for (Parameter matrix : List.of(outside.base().tokenEmbedding(), outside.head())) {
            boolean isTable = matrix.kind() == Parameter.Kind.EMBEDDING;
            float[] gradient = whole.gradient(matrix.name()).toFloatArray();
            int rows = Math.toIntExact(matrix.shape().get(0));
            float[][] byOutput = isTable ? turned(gradient, rows) : rows(gradient, rows);
            String module = PREFIX + matrix.module();
            float[] down = outside.tensors().get(module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"));
            float[] up = outside.tensors().get(module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"));
            check(adapted, module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"), downGradient(byOutput, up));
            check(adapted, module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"), upGradient(byOutput, down));
        }
    }

    private static void check(AdaptedModel adapted, String name, float[] expected) {
        TrainedParameters parameters = adapted.adapter().parameters();
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).as(name).isGreaterThan(1e-3f);
        assertThat(difference(parameters.gradient(name).flatten(), expected))
                .as(name)
                .isLessThan(1e-4 * Math.max(1, largest));
    }

    private static float[][] rows(float[] flat, int count) {
        int width = flat.length / count;
        float[][] rows = new float[count][width];
        IntStream.range(0, flat.length).forEach(i -> rows[i / width][i % width] = flat[i]);
        return rows;
    }

    private static float[][] turned(float[] flat, int count) {
        int width = flat.length / count;
        float[][] rows = new float[width][count];
        IntStream.range(0, flat.length).forEach(i -> rows[i % width][i / width] = flat[i]);
        return rows;
    }

    /** {@code scale * B^T G}, G (O, I). */
    private static float[] downGradient(float[][] gradient, float[] up) {
        int inputs = gradient[0].length;
        double[] sums = new double[RANK * inputs];
        for (int o = 0; o < gradient.length; o++) {
            for (int r = 0; r < RANK; r++) {
                for (int i = 0; i < inputs; i++) {
                    sums[r * inputs + i] += SCALE * up[o * RANK + r] * gradient[o][i];
                }
            }
        }
        return narrow(sums);
    }

    /** {@code scale * G A^T}. */
    private static float[] upGradient(float[][] gradient, float[] down) {
        int inputs = gradient[0].length;
        double[] sums = new double[gradient.length * RANK];
        for (int o = 0; o < gradient.length; o++) {
            for (int r = 0; r < RANK; r++) {
                for (int i = 0; i < inputs; i++) {
                    sums[o * RANK + r] += SCALE * gradient[o][i] * down[r * inputs + i];
                }
            }
        }
        return narrow(sums);
    }

    private static float[] narrow(double[] values) {
        float[] narrow = new float[values.length];
        IntStream.range(0, values.length).forEach(i -> narrow[i] = (float) values[i]);
        return narrow;
    }

    @Test
    void theRowOfPaddingLearnsNothingInAnUpdateEither() throws Exception {
        base(TinyModel.LLAMA);
        Path file = disk.resolve("base/config.json");
        ObjectNode padded = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        Files.writeString(file, padded.put("pad_token_id", 9).toString());
        outside.target(outside.base().tokenEmbedding());
        AdaptedModel model = outside.adapted();

        Backpropagation.recording(model.network()).accumulate(LabelledStream.of(List.of(row())), 1);

        String name = PREFIX + "model.embed_tokens.lora_embedding_A";
        float[][] gradient = rows(model.adapter().parameters().gradient(name).toFloatArray(), RANK);
        for (float[] row : gradient) {
            assertThat(row[9]).isZero();
            assertThat(row[5]).isNotZero();
        }
    }

    private static LabelledStream.Row row() {
        boolean[] trained = new boolean[TEXT.length];
        trained[TEXT.length - 1] = true;
        return new LabelledStream.Row(TEXT, trained, 1);
    }

    /** The base computes in bfloat16; what it is compared with rounds at other places. */
    @Test
    void inSixteenBitsLossAndGradientsAreNearlyTheSame() throws Exception {
        base(TinyModel.LLAMA);
        outside.target(
                outside.base().tokenEmbedding(), outside.head(), outside.parameter("layers.1.mlp.up_proj.weight"));
        StoredModel stored = StoredModel.read(disk.resolve("base"), ModelTask.causalLm(), 0);
        AdaptedModel narrow =
                AdaptedModel.load(workspace, stored.in(FloatType.BFLOAT16), outside.adapter(), FloatType.BFLOAT16);
        AdaptedModel wide = outside.adapted();
        LabelledStream stream = LabelledStream.of(TinyModel.rows(4));

        double exact = Backpropagation.recording(wide.network()).accumulate(stream, 1);
        double loss = Backpropagation.recording(narrow.network()).accumulate(stream, 1);

        assertThat(loss).isCloseTo(exact, within(0.02 * exact));
        for (String name : outside.tensors().keySet()) {
            float[] expected = wide.adapter().parameters().gradient(name).toFloatArray();
            double norm = norm(expected);
            double far = difference(narrow.adapter().parameters().gradient(name).flatten(), expected);
            assertThat(far).as(name).isLessThan(0.1 * norm);
        }
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}
