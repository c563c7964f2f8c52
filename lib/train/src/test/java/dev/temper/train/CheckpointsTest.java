package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read back from a checkpoint is the run as it was: the same curve, to the last bit. */
final class CheckpointsTest {
    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();

    private record Outcome(Curve curve, float[] weights) {}

    @BeforeEach
    void writeModel() throws Exception {
        TinyModel.LLAMA.write(base);
        settings.steps = 10;
        settings.saveSteps = 3;
        settings.evalSteps = 2;
        settings.learningRate = 1e-2;
        settings.labelSmoothing = 0.1;
        settings.noiseAlpha = OptionalDouble.of(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resumedRunIsTheUninterruptedOne(boolean full) throws Exception {
        Outcome whole = train(full, Optional.empty(), Collective.alone());
        settings.steps = 10;
        stopAfter(7, full); // the plan and the schedule stay those of ten updates

        Outcome resumed = train(full, checkpoints("run"), Collective.alone());

        for (String name : List.of("train/loss", "train/grad_norm", "train/learning_rate", "eval/loss")) {
            assertThat(resumed.curve().values(name))
                    .as(name)
                    .isEqualTo(whole.curve().values(name));
            assertThat(resumed.curve().steps(name))
                    .as(name)
                    .isEqualTo(whole.curve().steps(name));
        }
        assertThat(resumed.weights()).isEqualTo(whole.weights());
    }

    @Test
    void anotherNumberOfWorkersGoesOn() throws Exception {
        Outcome whole = train(true, Optional.empty(), Collective.alone());
        stopAfter(7, true);

        List<Outcome> resumed = Workers.all(2, workers -> train(true, checkpoints("run"), workers));

        double[] expected = whole.curve().values("train/loss");
        for (int i = 0; i < expected.length; i++) {
            assertThat(resumed.get(1).curve().values("train/loss")[i]).isCloseTo(expected[i], withPercentage(0.01));
        }
    }

    @Test
    void keepsTheNewestTwo() throws Exception {
        train(true, checkpoints("run"), Collective.alone());

        assertThat(names()).containsExactly("step-00000006", "step-00000009");
    }

    @ParameterizedTest
    @ValueSource(strings = {"MANIFEST.json", "state.json", "weights.safetensors", "optimizer.safetensors"})
    void damagedOneIsPassedOver(String file) throws Exception {
        Outcome whole = train(true, checkpoints("run"), Collective.alone());
        Path damaged = saved.resolve("step-00000009").resolve(file);
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length / 2] ^= 1;
        Files.write(damaged, bytes);

        assertThat(checkpoints("run").orElseThrow().newest().orElseThrow().location())
                .endsWith("step-00000006");
        assertThat(train(true, checkpoints("run"), Collective.alone()).weights())
                .isEqualTo(whole.weights());
    }

    @Test
    void unfinishedOneDoesNotExist() throws Exception {
        train(true, checkpoints("run"), Collective.alone());
        Files.delete(saved.resolve("step-00000009/MANIFEST.json"));

        assertThat(checkpoints("run").orElseThrow().newest().orElseThrow().location())
                .endsWith("step-00000006");
    }

    @Test
    void anotherRunsIsRefused() throws Exception {
        train(true, checkpoints("run"), Collective.alone());

        assertThatThrownBy(() -> train(true, checkpoints("other"), Collective.alone()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("step-00000009", "other data or settings");
    }

    @Test
    void everyWorkerMustFindTheSame(@TempDir Path other) throws Exception {
        train(true, checkpoints("run"), Collective.alone());

        assertThatThrownBy(() -> Workers.all(
                        2,
                        workers -> train(
                                true,
                                Optional.of(
                                        new Checkpoints(Folder.local(workers.rank() == 0 ? saved : other), "run", 2)),
                                workers)))
                .hasStackTraceContaining("different checkpoints");
    }

    private void stopAfter(int step, boolean full) {
        assertThatThrownBy(() -> train(full, checkpoints("run"), new StoppedCollective(step)))
                .hasMessage(StoppedCollective.LOST);
    }

    private Optional<Checkpoints> checkpoints(String run) {
        return Optional.of(new Checkpoints(Folder.local(saved), run, 2));
    }

    private List<String> names() throws IOException {
        return Folder.local(saved).list().stream().map(Store.Entry::name).toList();
    }

    /** Rows of the embedding are trained too, one of the base's and one that it does not have. */
    private static LoraConfig withRows(LoraConfig lora) {
        return new LoraConfig(
                lora.type(),
                lora.r(),
                lora.loraAlpha(),
                lora.loraDropout(),
                lora.targetModules(),
                lora.excludeModules(),
                lora.layersToTransform(),
                lora.rankPattern(),
                lora.alphaPattern(),
                lora.useRslora(),
                lora.useDora(),
                lora.modulesToSave(),
                lora.initLoraWeights(),
                List.of(7, 32),
                lora.initFrom());
    }

    private Outcome train(boolean full, Optional<Checkpoints> checkpoints, Collective workers) throws Exception {
        List<TokenRow> rows = TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
        LoraConfig lora = withRows(LoraConfig.of(3, 6, 0.2, List.of(LoraConfig.ALL_LINEAR)));
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = full
                        ? TrainedModels.full(workspace, base)
                        : TrainedModels.withAdapter(
                                workspace,
                                StoredModel.read(base, ModelTask.causalLm(), 0).withVocabulary(33),
                                lora,
                                4)) {
            CausalRows data = CausalRows.unpacked(rows, rows.subList(0, 7));
            Curve curve = Curve.of(model, data, settings.config(), workers, checkpoints);
            return new Outcome(curve, model.parameters().flatWeights().toFloatArray());
        }
    }
}
