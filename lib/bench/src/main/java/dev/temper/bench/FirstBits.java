package dev.temper.bench;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.AdamWState;
import dev.temper.kernel.OptimizerKernels.AdamWStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.zip.CRC32;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the bits of a process's first losses, gradients and weights; {@code first_bits.py} starts it many times. */
@Command(name = "first-bits", description = "Print the bits of the first losses, gradients and weights.")
public final class FirstBits implements Callable<Integer> {
    /** What a process computes before anything else. */
    enum Begin {
        EVALUATION,
        UPDATE
    }

    private static final int ROWS = 8;
    private static final int LENGTH = 33;
    private static final int UPDATES = 3;
    private static final AdamWStep STEP = new AdamWStep(1e-3, 0.9, 0.999, 0.01, 1e-8, 1);

    @Parameters(paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private Path folder = Path.of("");

    @Option(names = "--begin", defaultValue = "EVALUATION", description = "EVALUATION or UPDATE.")
    private Begin begin = Begin.EVALUATION;

    @Option(names = "--threads", defaultValue = "2")
    private int threads;

    public static void main(String[] args) {
        System.exit(new CommandLine(new FirstBits()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        List<String> bits = new ArrayList<>();
        try (Workspace workspace = Workspace.open(threads);
                TrainedModel model = TrainedModel.full(workspace, StoredModel.read(folder), FloatType.FLOAT32)) {
            LabelledStream rows =
                    rows(model.network().head().weight().getShape().get(0));
            if (begin == Begin.EVALUATION) {
                bits.add(bits(Backpropagation.lossSum(model.network(), rows)));
                bits.add(bits(Backpropagation.lossSum(model.network(), rows)));
            }
            update(workspace, model, rows, bits);
            bits.add(bits(Backpropagation.lossSum(model.network(), rows)));
        }
        System.out.println(String.join(" ", bits));
        return 0;
    }

    private static LabelledStream rows(long vocabulary) {
        Random random = new Random(20);
        boolean[] trained = new boolean[LENGTH];
        Arrays.fill(trained, true);
        List<LabelledStream.Row> rows = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            rows.add(new LabelledStream.Row(
                    random.ints(LENGTH, 0, (int) vocabulary).toArray(), trained, row));
        }
        return LabelledStream.of(rows);
    }

    private static void update(Workspace workspace, TrainedModel model, LabelledStream rows, List<String> bits) {
        TrainedParameters parameters = model.parameters();
        Backpropagation backpropagation = Backpropagation.recording(model.network());
        List<NDArray> weights = List.of(Workspace.detach(parameters.flatWeights()));
        AdamWState state = new AdamWState(
                weights,
                List.of(parameters.flatGradients()),
                zeros(workspace, weights),
                zeros(workspace, weights),
                List.of(workspace.scalar(0)));
        OptimizerKernels kernels = new OptimizerKernels(workspace);
        for (int update = 0; update < UPDATES; update++) {
            Workspace.scoped(() -> {
                parameters.clearGradients();
                bits.add(bits(backpropagation.accumulate(rows, 1.0 / rows.keep().length)));
                bits.add(bits(parameters.flatGradients()));
                bits.add(bits(workspace.losses().norm(parameters.gradients())));
                kernels.adamw(state, STEP);
                parameters.weightsChanged();
                bits.add(bits(weights.get(0)));
                return null;
            });
        }
    }

    private static List<NDArray> zeros(Workspace workspace, List<NDArray> like) {
        return like.stream().map(array -> workspace.zeros(array.getShape())).toList();
    }

    private static String bits(double value) {
        return Double.toHexString(value);
    }

    private static String bits(NDArray array) {
        CRC32 sum = new CRC32();
        sum.update(Workspace.memory(array));
        return HexFormat.of().toHexDigits((int) sum.getValue());
    }
}
