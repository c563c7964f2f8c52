package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.TinyModel;
import dev.temper.text.TokenRow;
import dev.temper.track.Metric;
import dev.temper.train.objective.CausalRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a listener hears of each update, and what the tables say: a loss has one meaning. */
final class ShownLossTest {
    @TempDir
    private Path base;

    private final Settings settings = new Settings();
    private final List<ProgressListener.Update> updates = new ArrayList<>();

    @BeforeEach
    void writeModel() throws Exception {
        TinyModel.LLAMA.write(base);
        settings.steps = 11;
        settings.loggingSteps = 4;
        settings.learningRate = 1e-2;
    }

    @Test
    void theLossShownLastIsTheLossMeasuredLast() throws Exception {
        List<Metric> losses = train();

        assertThat(losses).extracting(Metric::step).containsExactly(4L, 8L, 11L);
        for (Metric loss : losses) {
            assertThat(updates.get((int) loss.step() - 1).meanLoss()).isEqualTo(loss.value());
        }
        assertThat(updates.get(4).meanLoss())
                .as("a new window")
                .isEqualTo(updates.get(4).loss());
        assertThat(updates.get(10).meanLoss()).isNotEqualTo(updates.get(10).loss());
    }

    @Test
    void soItIsWhereTrainingEndsEarly() throws Exception {
        settings.evalSteps = 1;
        settings.earlyStoppingPatience = 2;
        settings.learningRate = 0.5; // far too much
        settings.loggingSteps = 100;

        List<Metric> losses = train();

        assertThat(updates).hasSizeLessThan(11);
        assertThat(losses).hasSize(1);
        assertThat(losses.get(0).step()).isEqualTo(updates.size());
        assertThat(losses.get(0).value())
                .isEqualTo(updates.get(updates.size() - 1).meanLoss());
    }

    /** Values of {@code train/loss}. */
    private List<Metric> train() throws Exception {
        List<TokenRow> rows = TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
        ProgressListener listener = new ProgressListener() {
            @Override
            public void stepped(Update update) {
                updates.add(update);
            }
        };
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            CausalRows data = CausalRows.unpacked(rows, rows.subList(0, 7));
            return new TrainingLoop(model, data, settings.config(), Collective.alone(), listener)
                    .run(Prompts.none(), Optional.empty()).metrics().stream()
                            .filter(metric -> metric.name().equals("train/loss"))
                            .toList();
        }
    }
}
