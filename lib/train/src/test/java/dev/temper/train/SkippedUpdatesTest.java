package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.track.Metric;
import dev.temper.train.objective.CausalRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Updates whose gradient is not finite change nothing; they are counted, said, and never all of a run. */
final class SkippedUpdatesTest {
    private static final int BROKEN = 30; // a token whose embedding is not a number

    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();
    private final List<String> warnings = new ArrayList<>();

    @BeforeEach
    void writeModel() throws Exception {
        TinyModel.LLAMA.write(base);
        settings.steps = 6;
        settings.saveSteps = 2;
        settings.shuffle = false;
    }

    private record Run(TrainingResult.Outcome outcome, double[] losses, float[] weights) {}

    @Test
    void areCountedAndSaid() throws Exception {
        Run run = train(Set.of(1, 4), Collective.alone());

        assertThat(run.outcome().skippedSteps()).isEqualTo(2);
        assertThat(run.outcome().steps()).isEqualTo(6);
        assertThat(warnings)
                .containsExactly(
                        "update 2 is skipped, no weight changes: its loss is NaN, the norm of its gradient NaN",
                        "update 5 is skipped, no weight changes: its loss is NaN, the norm of its gradient NaN");
        assertThat(run.losses()[1]).isNaN();
        assertThat(run.losses()[5]).isFinite();
    }

    @Test
    void areCountedAcrossAResume() throws Exception {
        Run whole = train(Set.of(0, 1, 4), Collective.alone());
        Folder.local(saved).delete("step-00000004");
        Folder.local(saved).delete("step-00000006");
        assertThatThrownBy(() -> train(Set.of(0, 1, 4), new StoppedCollective(3)))
                .hasMessage(StoppedCollective.LOST);
        warnings.clear();

        Run resumed = train(Set.of(0, 1, 4), Collective.alone());

        assertThat(resumed.outcome().skippedSteps()).isEqualTo(3);
        assertThat(resumed.outcome()).isEqualTo(whole.outcome());
        assertThat(resumed.losses()).isEqualTo(whole.losses());
        assertThat(resumed.weights()).isEqualTo(whole.weights());
        assertThat(warnings).hasSize(1).first().asString().startsWith("update 5 is skipped");
    }

    @Test
    void aRunOfNothingElseFailsAlsoWhenItIsResumed() {
        Set<Integer> all = Set.of(0, 1, 2, 3, 4, 5);
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> train(all, Collective.alone()))
                    .isInstanceOf(FailedRunException.class)
                    .hasMessage(
                            "nothing was trained: the gradient was not finite in any of the first 6 updates, and the"
                                    + " weights are those of the start; look for values that are not finite in the base"
                                    + " or adapter, or set model.precision: fp32");
        }
        assertThat(saved.resolve("step-00000006")).isDirectory(); // where the second attempt began
    }

    @Test
    void tenInARowFromTheStartAreNoDivergence() {
        settings.steps = 12;
        settings.batchSize = 2;

        assertThatThrownBy(() -> train(Set.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), Collective.alone()))
                .isInstanceOf(FailedRunException.class)
                .hasMessageStartingWith(
                        "nothing was trained: the gradient was not finite in any of the first 10 updates");
    }

    /** @param broken updates of an epoch, from 0, in which a row has the broken token */
    private Run train(Set<Integer> broken, Collective workers) throws Exception {
        List<TokenRow> rows = new ArrayList<>();
        for (TokenRow row : TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList()) {
            int[] ids = Arrays.stream(row.inputIds())
                    .map(id -> id == BROKEN ? 0 : id)
                    .toArray();
            if (rows.size() % settings.batchSize == 0 && broken.contains(rows.size() / settings.batchSize)) {
                ids[0] = BROKEN;
            }
            rows.add(new TokenRow(ids, row.trained()));
        }
        List<TokenRow> eval = List.of(rows.get(23));
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            breakToken(workspace, model);
            Checkpoints checkpoints = new Checkpoints(Folder.local(saved), "run", 2);
            TrainingLoop loop = new TrainingLoop(
                    model, CausalRows.unpacked(rows, eval), settings.config(), workers, new Warnings(warnings));
            TrainingResult result = loop.run(Prompts.none(), Optional.of(checkpoints));
            double[] losses = result.metrics().stream()
                    .filter(metric -> metric.name().equals("train/loss"))
                    .mapToDouble(Metric::value)
                    .toArray();
            return new Run(
                    result.outcome(), losses, model.parameters().flatWeights().toFloatArray());
        }
    }

    private static void breakToken(Workspace workspace, TrainedModel model) {
        var embedding = model.parameters().weight("model.embed_tokens.weight");
        float[] values = embedding.toFloatArray();
        int width = values.length / TinyModel.VOCABULARY;
        Arrays.fill(values, BROKEN * width, (BROKEN + 1) * width, Float.NaN);
        Workspace.scoped(() -> {
            workspace.tensors().copy(workspace.floats(values, embedding.getShape()), Workspace.detach(embedding));
            return null;
        });
    }

    /** Keeps what the user would be told. */
    private record Warnings(List<String> said) implements ProgressListener {
        @Override
        public void warned(String sentence) {
            said.add(sentence);
        }
    }
}
