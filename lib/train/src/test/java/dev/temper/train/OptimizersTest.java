package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.train.config.Optim;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three updates of a matrix (3, 2), which is decayed, and a vector (2), which is not, against the libraries' numbers:
 *
 * <pre>
 * ps = [torch.nn.Parameter(torch.tensor([(i * 5 % 7 - 3) / 4 for i in range(n)]).reshape(s))
 *       for n, s in ((6, (3, 2)), (2, (2,)))]
 * groups = [dict(params=ps[:1], weight_decay=0.1), dict(params=ps[1:], weight_decay=0.0)]
 * o = torch.optim.SGD(groups, lr=0.1)  # 2.7.1
 * o = transformers.Adafactor(groups, lr=0.1, scale_parameter=False, relative_step=False)  # 4.57.1
 * o = torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.99), eps=1e-8)
 * for t in range(1, 4):
 *     grads = [((j * 7 + t * 3) % 11 - 5) / 8 for j in range(8)]  # of both, one after the other
 *     torch.nn.utils.clip_grad_norm_(ps, 0.5)  # where it says so
 *     o.step()
 * </pre>
 *
 * Lion is the algorithm of its paper; bitsandbytes on a processor adds the decay to the gradient instead, on a GPU not:
 *
 * <pre>
 * p.mul_(1 - 0.1 * wd); p.sub_(0.1 * torch.sign(0.9 * m + 0.1 * p.grad)); m = 0.99 * m + 0.01 * p.grad
 * </pre>
 */
final class OptimizersTest {
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

    @ParameterizedTest
    @CsvSource({
        "SGD, 0, -0.76559675 0.46101823 -0.01175125 -0.48589575 0.74071926 0.26794976 -0.71249998 0.55000001",
        "SGD, 0.5, -0.74550146 0.47467804 -0.0049491022 -0.48603323 0.73414624 0.2545191 -0.73348826 0.52326661",
        "ADAFACTOR, 0, -0.82751411 0.47207379 -0.075563774 -0.4619891 0.71583647 0.28778613 -0.69499242 0.57426786",
        "ADAFACTOR, 0.5, -0.82837999 0.47367635 -0.076540031 -0.46181995 0.71623456 0.28699279 -0.69616032 0.5755825",
        "ADAMW, 0, -0.64892614 0.35330859 -0.18994033 -0.32923976 0.65009063 0.19418895 -0.53684133 0.47155136",
        "ADAMW_8BIT, 0, -0.64892614 0.35330859 -0.18994033 -0.32923976 0.65009063 0.19418895 -0.53684133 0.47155136",
        "ADAMW, 0.5, -0.65051717 0.35478175 -0.18895112 -0.33055657 0.65200764 0.19466187 -0.53747702 0.47323269",
        "ADAMW_8BIT, 0.5, -0.65051717 0.35478175 -0.18895112 -0.33055657 0.65200764 0.19466187 -0.53747702 0.47323269",
        "LION, 0, -0.82871425 0.38613951 -0.097009994 -0.38813952 0.82871425 0.24357477 -0.64999998 0.60000002",
        "LION, 0.5, -0.82871425 0.38613951 -0.097009994 -0.38813952 0.82871425 0.24357477 -0.64999998 0.60000002",
    })
    void updatesAsTheLibrariesDo(Optim rule, double clip, String expected) {
        TrainedParameters parameters = new TrainedParameters(
                workspace,
                List.of(new Spec("a.weight", new Shape(3, 2), 0, true), new Spec("a.bias", new Shape(2), 0, false)));
        set(parameters.weight("a.weight"), i -> (i * 5 % 7 - 3) / 4f);
        set(parameters.weight("a.bias"), i -> (i * 5 % 7 - 3) / 4f);
        Settings settings = new Settings();
        settings.optim = rule;
        settings.weightDecay = 0.1;
        settings.adamBeta2 = 0.99;
        settings.maxGradNorm = clip;
        Optimizer optimizer = Optimizers.of(StateMemory.of(workspace), parameters, settings.config());

        for (int t = 1; t <= 3; t++) {
            int step = t;
            set(parameters.flatGradients(), i -> ((i * 7 + step * 3) % 11 - 5) / 8f);
            optimizer.step(t, 0.1, workspace.losses().norm(parameters.gradients()));
        }

        String[] values = expected.split(" ");
        float[] weights = parameters.flatWeights().toFloatArray();
        for (int i = 0; i < values.length; i++) {
            assertThat(weights[i]).as("weight %d", i).isCloseTo(Float.parseFloat(values[i]), within(1e-6f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsAsManyBytesAsItSays(Optim rule) {
        List<Spec> specs = List.of(
                new Spec("a.weight", new Shape(90, 50), 0, true),
                new Spec("b.weight", new Shape(3, 5), 0, true),
                new Spec("b.bias", new Shape(3), 0, false));
        Settings settings = new Settings();
        settings.optim = rule;
        Optimizer optimizer =
                Optimizers.of(StateMemory.of(workspace), new TrainedParameters(workspace, specs), settings.config());

        long kept = optimizer.state().stream()
                .filter(tensor -> !tensor.name().contains("step")) // the number of updates
                .mapToLong(tensor -> tensor.values().get().remaining())
                .sum();

        assertThat(specs.stream()
                        .mapToLong(spec -> Optimizers.stateBytes(rule, spec))
                        .sum())
                .isEqualTo(kept);
    }

    private interface Value {
        float of(int i);
    }

    private static void set(NDArray array, Value value) {
        FloatBuffer memory = Workspace.memory(Workspace.detach(array)).asFloatBuffer();
        for (int i = 0; i < memory.capacity(); i++) {
            memory.put(i, value.of(i));
        }
    }

    /** Large enough for 8 bits: an odd number of blocks, the last of them short. */
    private TrainedParameters large() {
        TrainedParameters parameters = new TrainedParameters(
                workspace,
                List.of(
                        new Spec("a.weight", new Shape(70, 61), 0, true),
                        new Spec("a.bias", new Shape(4500), 0, false),
                        new Spec("b.weight", new Shape(9, 8), 1, true)));
        set(parameters.flatWeights(), i -> (float) Math.sin(i));
        return parameters;
    }

    private void step(Optimizer optimizer, TrainedParameters parameters, int number) {
        set(parameters.flatGradients(), i -> (float) Math.sin(0.3 * i * number) * (i % 100));
        optimizer.step(number, 0.01, workspace.losses().norm(parameters.gradients()));
    }

    @ParameterizedTest
    @EnumSource
    void goesOnFromACheckpointAsIfNothingHadHappened(Optim rule) throws Exception {
        Settings settings = new Settings();
        settings.optim = rule;
        TrainedParameters parameters = large();
        Optimizer optimizer = Optimizers.of(StateMemory.of(workspace), parameters, settings.config());
        step(optimizer, parameters, 1);
        step(optimizer, parameters, 2);
        float[] atCheckpoint = parameters.flatWeights().toFloatArray();
        TensorWriter.write(Folder.local(folder), "optimizer", optimizer.state(), TensorWriter.SHARD_BYTES);

        TrainedParameters resumed = large();
        Optimizer second = Optimizers.of(StateMemory.of(workspace), resumed, settings.config());
        second.restore(TensorFiles.open(folder, "optimizer"));
        set(resumed.flatWeights(), i -> atCheckpoint[i]);
        step(optimizer, parameters, 3);
        step(second, resumed, 3);

        assertThat(resumed.flatWeights().toFloatArray())
                .isEqualTo(parameters.flatWeights().toFloatArray())
                .isNotEqualTo(atCheckpoint);
    }

    @ParameterizedTest
    @EnumSource
    void anOffloadedStateGivesTheSameNumbers(Optim rule) throws Exception {
        Settings settings = new Settings();
        settings.optim = rule;
        TrainedParameters parameters = large();
        TrainedParameters offloaded = large();
        Path files = folder.resolve("räum 1");
        Optimizer optimizer = Optimizers.of(StateMemory.of(workspace), parameters, settings.config());
        Optimizer second = Optimizers.of(StateMemory.offloaded(workspace, files), offloaded, settings.config());
        for (int number = 1; number <= 3; number++) {
            step(optimizer, parameters, number);
            step(second, offloaded, number);
        }

        assertThat(offloaded.flatWeights().toFloatArray())
                .isEqualTo(parameters.flatWeights().toFloatArray());
        assertThat(bytes(second)).isDeepEqualTo(bytes(optimizer));
        if (Files.exists(files)) {
            assertThat(files).isEmptyDirectory();
        }
    }

    private static byte[][] bytes(Optimizer optimizer) {
        return optimizer.state().stream()
                .map(tensor -> {
                    ByteBuffer values = tensor.values().get();
                    byte[] bytes = new byte[values.remaining()];
                    values.get(bytes);
                    return bytes;
                })
                .toArray(byte[][]::new);
    }

    @Test
    void saysWhereAnOffloadedStateFindsNoPlace() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(
                        () -> Optimizers.of(StateMemory.offloaded(workspace, file), large(), new Settings().config()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("training.optimizer_offload: the optimizer's state cannot be kept in files (")
                .hasMessageEndingWith(
                        ": set cluster.local_dir to a folder with room for them, or leave optimizer_offload out");
    }

    @Test
    void eightBitsStayNearThirtyTwo() {
        Settings settings = new Settings();
        TrainedParameters exact = large();
        Optimizer adam = Optimizers.of(StateMemory.of(workspace), exact, settings.config());
        settings.optim = Optim.ADAMW_8BIT;
        TrainedParameters near = large();
        Optimizer adam8bit = Optimizers.of(StateMemory.of(workspace), near, settings.config());
        for (int number = 1; number <= 5; number++) {
            step(adam, exact, number);
            step(adam8bit, near, number);
        }

        float[] start = large().flatWeights().toFloatArray();
        float[] expected = exact.flatWeights().toFloatArray();
        float[] actual = near.flatWeights().toFloatArray();
        double difference = 0;
        double moved = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(expected[i] - actual[i], 2);
            moved += Math.pow(expected[i] - start[i], 2);
        }
        assertThat(Math.sqrt(difference / moved)).isBetween(1e-5, 0.05);
        int small = expected.length - 72; // the last tensor has float32 moments
        for (int i = small; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(1e-7f));
        }
        long bytes = adam8bit.state().stream()
                .mapToLong(tensor -> tensor.values().get().remaining())
                .sum();
        assertThat(bytes).isEqualTo(2 * (4270 + 4500) + 2 * 4 * (17 + 18) + 2 * 4 * 72 + 4 + 4);
    }
}
