package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dropout that belongs to a model: of embeddings, of attention and of what the blocks of a layer give. */
final class ModelDropoutTest {
    private static final List<Row> ROWS = TinyModel.rows(7);

    @TempDir
    Path folder;

    private Workspace workspace;
    private Replica replica;

    @BeforeEach
    void open() throws Exception {
        workspace = Workspace.open(1);
        replica = replica("\"embd_pdrop\": 0.2, \"attn_pdrop\": 0.3, \"resid_pdrop\": 0.1");
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private Replica replica(String dropouts) throws Exception {
        TinyModel.GPT2.write(folder);
        String config = TinyModel.GPT2.config().replaceAll("\"embd_pdrop\".*0\\.0", dropouts);
        Files.writeString(folder.resolve("config.json"), config);
        return Replica.of(workspace, folder);
    }

    @Test
    void eachPlaceChangesTheLoss() throws Exception {
        double whole = replica("\"embd_pdrop\": 0, \"attn_pdrop\": 0, \"resid_pdrop\": 0")
                .recorded(ROWS)
                .loss();

        for (String place : List.of("embd_pdrop", "attn_pdrop", "resid_pdrop")) {
            String dropouts = "\"embd_pdrop\": 0, \"attn_pdrop\": 0, \"resid_pdrop\": 0"
                    .replace("\"" + place + "\": 0", "\"" + place + "\": 0.5");
            assertThat(replica(dropouts).recorded(ROWS).loss()).as(place).isNotCloseTo(whole, within(1e-3));
        }
    }

    @Test
    void evaluationDropsNothing() throws Exception {
        LabelledStream stream = LabelledStream.of(ROWS);
        double loss = Backpropagation.lossSum(replica.network(), stream);

        Replica whole = replica("\"embd_pdrop\": 0, \"attn_pdrop\": 0, \"resid_pdrop\": 0");

        assertThat(loss).isEqualTo(Backpropagation.lossSum(whole.network(), stream));
        assertThat(loss).isNotEqualTo(replica.recorded(ROWS).loss());
    }

    @Test
    void masksBelongToRowsAndSurviveRecomputation() {
        Replica.Result recorded = replica.recorded(ROWS);

        for (Replica.Result other : List.of(replica.checkpointed(ROWS), replica.oneByOne(ROWS))) {
            assertThat(other.loss()).isCloseTo(recorded.loss(), within(1e-5 * recorded.loss()));
            assertThat(other.gradients()).containsExactly(recorded.gradients(), within(1e-5f));
        }
    }

    @Test
    void theGradientIsThatOfTheMaskedModel() {
        float[] gradient = replica.recorded(ROWS).gradients();
        float[] start = replica.parameters().flatWeights().toFloatArray();
        double squares = 0;
        for (float value : gradient) {
            squares += (double) value * value;
        }
        double step = 1e-3 / Math.sqrt(squares);

        double difference = lossAt(start, gradient, step) - lossAt(start, gradient, -step);

        assertThat(0.125 * difference / (2 * step)).isCloseTo(squares, within(5e-3 * squares));
    }

    private double lossAt(float[] start, float[] direction, double step) {
        float[] moved = Arrays.copyOf(start, start.length);
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        Workspace.scoped(() -> {
            var weights = replica.parameters().flatWeights();
            workspace.tensors().copy(workspace.floats(moved, weights.getShape()), weights);
            return null;
        });
        return replica.recorded(ROWS).loss();
    }
}
