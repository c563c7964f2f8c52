package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** NEFTune: noise of embeddings that is uniform, belongs to the rows, and is there in training alone. */
final class NoiseTest {
    private static final double ALPHA = 3;
    private static final List<Row> ROWS = TinyModel.rows(7);

    @TempDir
    Path folder;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    /**
     * What it adds to a token, by a formula of its own in place of the program's: 16 bits of a hash for each channel.
     */
    private static float expected(long key, int channel, int tokens, int width) {
        long own = SplitMix.mix(key ^ SplitMix.mix("noise".hashCode()));
        long golden = 0x9E3779B97F4A7C15L;
        long hash = SplitMix.mix(own + (channel / 4 - 1) * golden); // mix adds the golden ratio once itself
        short draw = (short) (hash >>> (16 * (channel % 4)));
        return (float) ((draw + 0.5) / 32768 * ALPHA / Math.sqrt((double) tokens * width));
    }

    /** In Gemma after the embeddings are scaled, as in transformers 5. */
    @ParameterizedTest
    @EnumSource
    void everyFamilyGetsItByTheRowsLength(TinyModel model) throws Exception {
        Replica replica = Replica.of(workspace, model.write(folder));
        Network network = replica.network();
        LabelledStream stream = LabelledStream.of(ROWS);
        int width = network.architecture().sizes().width();

        float[] noise = noise(network, stream);

        int token = 0;
        for (Row row : ROWS) {
            for (int i = 0; i < row.ids().length; i++, token++) {
                for (int channel = 0; channel < width; channel++) {
                    long key = SplitMix.mix(row.key() + i);
                    assertThat(noise[token * width + channel])
                            .isCloseTo(expected(key, channel, row.ids().length, width), within(1e-6f));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void encodersGetItToo(TinyClassifier model) throws Exception {
        Network network = Replica.of(workspace, model.write(folder)).network();
        LabelledStream stream = LabelledStream.of(ROWS);

        float[] noise = noise(network, stream);

        int width = network.architecture().sizes().width();
        int tokens = ROWS.get(0).ids().length;
        assertThat(noise[1]).isCloseTo(expected(stream.keys()[0], 1, tokens, width), within(1e-6f));
        assertThat(noise[width + 2]).isCloseTo(expected(stream.keys()[1], 2, tokens, width), within(1e-6f));
    }

    private static float[] noise(Network network, LabelledStream stream) {
        return Workspace.scoped(() -> {
            NDArray noisy = network.embed(network.inputs(stream.tokens(), stream.keys(), ALPHA));
            return noisy.sub(network.embed(network.inputs(stream.tokens()))).toFloatArray();
        });
    }

    /** Over 200 rows of 40 tokens, in units of its bound. */
    @Test
    void isUniformAndWithoutPattern() throws Exception {
        Network network = Replica.of(workspace, TinyModel.LLAMA.write(folder)).network();
        Random random = new Random(3);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int[] ids = random.ints(40, 0, TinyModel.VOCABULARY).toArray();
            rows.add(new Row(ids, new boolean[40], SplitMix.mix(i)));
        }
        float[] noise = noise(network, LabelledStream.of(rows));
        double bound = ALPHA / Math.sqrt(40 * 12);
        int count = noise.length;
        int[] tenths = new int[10];
        double sum = 0;
        double squares = 0;
        double neighbours = 0;
        double tokens = 0;
        double rowsApart = 0;
        for (int i = 0; i < count; i++) {
            double unit = noise[i] / bound;
            assertThat(Math.abs(unit)).isLessThan(1 + 1e-5);
            tenths[(int) Math.min(9, Math.max(0, (unit + 1) * 5))]++;
            sum += unit;
            squares += unit * unit;
            neighbours += unit * noise[(i + 1) % count] / bound;
            tokens += unit * noise[(i + 12) % count] / bound;
            rowsApart += unit * noise[(i + 12 * 40) % count] / bound;
        }
        double five = 5 / Math.sqrt(count); // standard errors are a third to a half of 1 / sqrt(count)
        assertThat(count).isEqualTo(96_000);
        assertThat(sum / count).isCloseTo(0, within(five));
        assertThat(squares / count).isCloseTo(1.0 / 3, within(five));
        for (double product : new double[] {neighbours, tokens, rowsApart}) {
            assertThat(product / count).isCloseTo(0, within(five));
        }
        double chiSquare = Arrays.stream(tenths)
                .mapToDouble(tenth -> Math.pow(tenth - count / 10.0, 2) / (count / 10.0))
                .sum();
        assertThat(chiSquare).isLessThan(33.7); // of 9 degrees of freedom: once in 10,000
    }

    @ParameterizedTest
    @EnumSource
    void belongsToRowsAndSurvivesRecomputation(TinyModel model) throws Exception {
        Replica replica = Replica.of(workspace, model.write(folder));
        Regularization noisy = new Regularization(0.1, ALPHA);
        Replica.Result recorded = replica.regularized(noisy).recorded(ROWS);

        for (Replica.Result other : List.of(
                replica.regularized(noisy).checkpointed(ROWS),
                replica.regularized(noisy).oneByOne(ROWS))) {
            assertThat(other.loss()).isCloseTo(recorded.loss(), within(1e-5 * recorded.loss()));
            assertThat(other.gradients()).containsExactly(recorded.gradients(), within(1e-5f));
        }
        assertThat(replica.recorded(ROWS).loss()).isNotCloseTo(recorded.loss(), within(1e-3));
    }

    @Test
    void theGradientIsThatOfTheNoisyModel() throws Exception {
        Replica replica =
                Replica.of(workspace, TinyModel.GEMMA2.write(folder)).regularized(new Regularization(0.2, ALPHA));
        float[] gradient = replica.recorded(ROWS).gradients();
        float[] start = replica.parameters().flatWeights().toFloatArray();
        double squares = 0;
        for (float value : gradient) {
            squares += (double) value * value;
        }
        double step = 1e-3 / Math.sqrt(squares);

        double difference = lossAt(replica, start, gradient, step) - lossAt(replica, start, gradient, -step);

        assertThat(0.125 * difference / (2 * step)).isCloseTo(squares, within(5e-3 * squares));
    }

    private double lossAt(Replica replica, float[] start, float[] direction, double step) {
        float[] moved = Arrays.copyOf(start, start.length);
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        Workspace.scoped(() -> {
            NDArray weights = replica.parameters().flatWeights();
            workspace.tensors().copy(workspace.floats(moved, weights.getShape()), weights);
            return null;
        });
        return replica.recorded(ROWS).loss();
    }

    @Test
    void sixteenBitsGetTheSame() throws Exception {
        Path model = TinyModel.LLAMA.write(folder);
        Network wide = Replica.of(workspace, model).network();
        Network narrow = Replica.of(workspace, model, FloatType.BFLOAT16).network();
        LabelledStream stream = LabelledStream.of(ROWS);

        float[] found = Workspace.scoped(() -> {
            NDArray noisy = narrow.embed(narrow.inputs(stream.tokens(), stream.keys(), ALPHA));
            return workspace.tensors().cast(noisy, FloatType.FLOAT32).toFloatArray();
        });

        float[] expected = Workspace.scoped(() ->
                wide.embed(wide.inputs(stream.tokens(), stream.keys(), ALPHA)).toFloatArray());
        assertThat(found).containsExactly(expected, within(1e-2f));
    }
}
