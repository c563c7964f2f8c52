package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.LossKernels.LossScale;
import dev.temper.kernel.LossKernels.LossSums;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss in chunks of positions against the formula, in double. */
final class LossTest {
    private static final int POSITIONS = 300; // more than one chunk, and the last rows of a chunk are not 16
    private static final int WIDTH = 3;
    private static final int VOCABULARY = 11;
    private static final double SCALE = 0.5;

    private Workspace workspace;
    private LossKernels kernels;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
        kernels = workspace.losses();
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    /** Values that bfloat16 holds exactly. */
    private static float[] values(int count, int salt) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = ((i * 37 + salt) % 15 - 7) / 4f;
        }
        return values;
    }

    /** What is done to logits, and to targets. */
    private record Softened(double cap, double smoothing) {}

    /** A sum of losses, and the gradients of hidden states and head. */
    private static final class Expected {
        private final Softened softened;
        private double loss;
        private double crossEntropy;
        private final double[] hidden = new double[POSITIONS * WIDTH];
        private final double[] head = new double[VOCABULARY * WIDTH];

        private Expected(Softened softened) {
            this.softened = softened;
        }

        private static Expected of(float[] h, float[] w, long[] targets, Softened softened) {
            Expected all = new Expected(softened);
            for (int n = 0; n < POSITIONS; n++) {
                all.add(n, h, w, targets[n]);
            }
            return all;
        }

        private void add(int n, float[] h, float[] w, long target) {
            double cap = softened.cap();
            double share = softened.smoothing();
            double[] logits = new double[VOCABULARY];
            double[] bends = new double[VOCABULARY];
            double sum = 0;
            for (int v = 0; v < VOCABULARY; v++) {
                double z = 0;
                for (int d = 0; d < WIDTH; d++) {
                    z += (double) h[n * WIDTH + d] * w[v * WIDTH + d];
                }
                double bent = Math.tanh(z / cap);
                logits[v] = cap > 0 ? cap * bent : z;
                bends[v] = cap > 0 ? 1 - bent * bent : 1;
                sum += Math.exp(logits[v]);
            }
            crossEntropy += Math.log(sum) - logits[Math.toIntExact(target)];
            for (int v = 0; v < VOCABULARY; v++) {
                double wanted = share / VOCABULARY + (v == target ? 1 - share : 0);
                loss += wanted * (Math.log(sum) - logits[v]);
                double slope = SCALE * bends[v] * (Math.exp(logits[v]) / sum - wanted);
                for (int d = 0; d < WIDTH; d++) {
                    hidden[n * WIDTH + d] += slope * w[v * WIDTH + d];
                    head[v * WIDTH + d] += slope * h[n * WIDTH + d];
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "FLOAT32, FLOAT32, 0, 0, 1e-5", "FLOAT32, FLOAT32, 5, 0, 1e-5", "FLOAT32, BFLOAT16, 0, 0, 1e-5",
        "BFLOAT16, BFLOAT16, 0, 0, 3e-2", "BFLOAT16, BFLOAT16, 5, 0, 3e-2", "BFLOAT16, FLOAT32, 5, 0, 3e-2",
        "FLOAT32, FLOAT32, 0, 0.1, 1e-5", "FLOAT32, FLOAT32, 5, 0.3, 1e-5", "BFLOAT16, BFLOAT16, 0, 0.1, 3e-2"
    })
    void lossAndGradientsAreThoseOfTheFormula(
            FloatType type, FloatType headType, float cap, double smoothing, double tolerance) {
        float[] h = values(POSITIONS * WIDTH, 1);
        float[] w = values(VOCABULARY * WIDTH, 5);
        long[] targets = new long[POSITIONS];
        for (int n = 0; n < POSITIONS; n++) {
            targets[n] = n * 7L % VOCABULARY;
        }
        Expected expected = Expected.of(h, w, targets, new Softened(cap, smoothing));

        NDArray hidden = workspace.tensors().cast(workspace.floats(h, new Shape(POSITIONS, WIDTH)), type);
        NDArray weight = workspace.tensors().cast(workspace.floats(w, new Shape(VOCABULARY, WIDTH)), headType);
        LossKernels.Head head = new LossKernels.Head(weight, workspace.scalar(cap));
        NDArray gradient = workspace.zeros(new Shape(VOCABULARY, WIDTH));
        NDList result = kernels.loss(
                hidden,
                head,
                workspace.ints(targets),
                new LossScale(SCALE, smoothing),
                LossKernels.HeadGradients.of(gradient));

        assertThat(result.get(0).getDouble()).isCloseTo(expected.loss, within(tolerance * expected.loss));
        LossSums sums = kernels.lossSums(hidden, head, workspace.ints(targets), smoothing);
        assertThat(sums.losses()).isCloseTo(expected.loss, within(tolerance * expected.loss));
        assertThat(sums.crossEntropies()).isCloseTo(expected.crossEntropy, within(tolerance * expected.crossEntropy));
        assertThat(kernels.lossSum(hidden, head, workspace.ints(targets))).isEqualTo(sums.crossEntropies());
        assertClose(workspace.tensors().cast(result.get(1), FloatType.FLOAT32), expected.hidden, tolerance);
        assertClose(gradient, expected.head, tolerance);
    }

    private static void assertClose(NDArray actual, double[] expected, double tolerance) {
        float[] values = actual.toFloatArray();
        double largest = 0;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) values[i]).isCloseTo(expected[i], within(tolerance * largest));
        }
    }

    /** 256 positions as long as their logits take 80 MiB at most. */
    @Test
    void largeVocabulariesHaveSmallerChunks() {
        assertThat(LossKernels.lossChunk(50_257, 4)).isEqualTo(256);
        assertThat(LossKernels.lossChunk(151_936, 2)).isEqualTo(256);
        assertThat(LossKernels.lossChunk(151_936, 4)).isEqualTo(138);
        assertThat(LossKernels.lossChunk(1_000_000_000, 4)).isEqualTo(16);
    }
}
