package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a layer makes of many rows with the same text and different masks. */
final class DropoutTest {
    private static final int ROWS = 2000;
    private static final int[] TEXT = {3, 14, 15, 9};
    /** Its update is linear in what is dropped, as nothing follows it in a layer. */
    private static final LoraConfig LAST_PROJECTION = LoraConfig.of(5, 5, 0.3, List.of("down_proj"));

    @TempDir
    Path folder;

    @Test
    void keepsTheExpectation() throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Network network = network(workspace);
            List<Row> rows = LongStream.range(0, ROWS)
                    .mapToObj(i -> new Row(TEXT, new boolean[TEXT.length], SplitMix.mix(i)))
                    .toList();
            LabelledStream stream = LabelledStream.of(rows);

            float[] dropped = output(network, network.inputs(stream.tokens(), stream.keys(), 0));
            float[] whole = output(network, network.inputs(stream.tokens()));

            int size = whole.length / ROWS;
            for (int i = 0; i < size; i++) {
                double sum = 0;
                double squares = 0;
                for (int row = 0; row < ROWS; row++) {
                    double difference = dropped[row * size + i] - whole[row * size + i];
                    sum += difference;
                    squares += difference * difference;
                }
                double deviation = Math.sqrt(squares / ROWS);
                assertThat(deviation).as("element %d varies", i).isGreaterThan(1e-3);
                assertThat(sum / ROWS)
                        .as("mean of element %d", i)
                        .isCloseTo(0, within(4 * deviation / Math.sqrt(ROWS))); // four standard errors
            }
        }
    }

    private Network network(Workspace workspace) throws Exception {
        Architecture architecture = Architecture.read(Folder.local(TinyModel.LLAMA.write(folder)));
        Network network = Network.load(workspace, architecture, TensorFiles.open(folder, "model"));
        TrainedParameters parameters =
                new TrainedParameters(workspace, LoraAdapter.specs(LAST_PROJECTION, architecture));
        LoraAdapter.create(LAST_PROJECTION, network, parameters, 1);
        Random random = new Random(2);
        float[] values = new float[Math.toIntExact(parameters.count())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        workspace
                .tensors()
                .copy(
                        workspace.floats(values, parameters.flatWeights().getShape()),
                        Workspace.detach(parameters.flatWeights()));
        return network;
    }

    private static float[] output(Network network, Network.Inputs inputs) {
        return Workspace.scoped(
                () -> network.layer(0, network.embed(inputs), inputs).toFloatArray());
    }
}
