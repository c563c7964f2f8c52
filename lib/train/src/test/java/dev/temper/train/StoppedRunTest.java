package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.TokenRow;
import dev.temper.track.Metric;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.worker.StoppedException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that is asked to stop, wherever that is, and goes on, ends with the bits of one that was left alone. */
final class StoppedRunTest {
    private static final int STEPS = 8;

    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();

    /** Speed aside: what a run has measured, and its weights. */
    private record Outcome(List<String> metrics, float[] weights) {}

    /** Asked from the moment on that an event of the run is heard; a regular expression. */
    private static final class AskedAt implements ProgressListener, BooleanSupplier {
        private final String event;
        private final AtomicBoolean isAsked = new AtomicBoolean();

        AskedAt(String event) {
            this.event = event;
        }

        private void hear(String heard) {
            if (heard.matches(event)) {
                isAsked.set(true);
            }
        }

        @Override
        public boolean getAsBoolean() {
            return isAsked.get();
        }

        @Override
        public void started(int steps) {
            hear("started");
        }

        @Override
        public void resumed(int step, long tokens) {
            hear("resumed " + step);
        }

        @Override
        public void stepped(Update update) {
            hear("stepped " + update.step());
        }

        @Override
        public void measured(Metric metric) {
            hear(metric.name() + " " + metric.step());
        }
    }

    @BeforeEach
    void writeModel() throws Exception {
        TinyModel.LLAMA.write(base);
        settings.steps = STEPS;
        settings.saveSteps = 3;
        settings.evalSteps = 3;
        settings.learningRate = 1e-2;
        settings.microBatchTokens = 12; // several passes, between which an evaluation may break off
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stepped 1",
                "stepped 2", // stops after update 3, before the evaluation that is due there
                "stepped 3", // in that evaluation
                "eval/perplexity 3", // after it
                "stepped 7",
                "stepped 8", // in the last evaluation
                "eval/perplexity 8", // all is done
            })
    void goesOnToTheSameEnd(String event) throws Exception {
        Outcome whole = train(StoppedRunTest::never, ProgressListener.silent(), Optional.empty(), Collective.alone());

        AskedAt asked = new AskedAt(event);
        try {
            Outcome ended = train(asked, asked, checkpoints(), Collective.alone());
            assertThat(event).as("too late to stop").isEqualTo("eval/perplexity 8");
            assertSame(ended, whole);
        } catch (StoppedException e) {
            assertThat(e.getMessage()).matches("interrupted after update [2-8] of 8, a checkpoint is saved");
        }
        assertSame(train(StoppedRunTest::never, ProgressListener.silent(), checkpoints(), Collective.alone()), whole);
    }

    @ParameterizedTest
    @CsvSource({"2, stepped 2", "3, stepped 3", "2, stepped 4", "2, stepped 8"})
    void allWorkersStopAtTheSameUpdateWhoeverIsAsked(int size, String event) throws Exception {
        List<Outcome> whole = Workers.all(
                size, ring -> train(StoppedRunTest::never, ProgressListener.silent(), Optional.empty(), ring));

        List<String> messages = Workers.all(size, ring -> {
            AskedAt asked = new AskedAt(event);
            boolean isAsked = ring.rank() == size - 1; // and not the one that writes
            try {
                train(isAsked ? asked : StoppedRunTest::never, asked, checkpoints(), ring);
                return "finished";
            } catch (StoppedException e) {
                return e.getMessage();
            }
        });

        assertThat(messages).allMatch(message -> message.equals(messages.get(0)));
        assertThat(messages.get(0)).startsWith("interrupted after update ");
        List<Outcome> resumed =
                Workers.all(size, ring -> train(StoppedRunTest::never, ProgressListener.silent(), checkpoints(), ring));
        for (int rank = 0; rank < size; rank++) {
            assertSame(resumed.get(rank), whole.get(rank));
        }
    }

    @Test
    void stoppedAgainAndAgainItStillArrives() throws Exception {
        Outcome whole = train(StoppedRunTest::never, ProgressListener.silent(), Optional.empty(), Collective.alone());
        Optional<Outcome> ended = Optional.empty();
        int stops = 0;
        for (; ended.isEmpty() && stops < STEPS; stops++) {
            AskedAt asked = new AskedAt("stepped .*");
            try {
                ended = Optional.of(train(asked, asked, checkpoints(), Collective.alone()));
            } catch (StoppedException e) {
                assertThat(e.getMessage()).endsWith("a checkpoint is saved");
            }
        }

        assertThat(stops).isGreaterThan(4);
        assertSame(ended.orElseThrow(), whole);
    }

    @Test
    void theBestModelIsTheSame() throws Exception {
        settings.loadBestModelAtEnd = true;
        settings.saveSteps = 3;
        settings.learningRate = 0.2; // too much: an early evaluation is the best
        Outcome whole = train(StoppedRunTest::never, ProgressListener.silent(), checkpoints(), Collective.alone());
        for (Store.Entry entry : Folder.local(saved).list()) {
            Folder.local(saved).delete(entry.name());
        }

        for (String event : List.of("stepped 3", "stepped 6", "stepped 8")) {
            AskedAt asked = new AskedAt(event);
            assertThatThrownBy(() -> train(asked, asked, checkpoints(), Collective.alone()))
                    .isInstanceOf(StoppedException.class);
        }

        assertSame(train(StoppedRunTest::never, ProgressListener.silent(), checkpoints(), Collective.alone()), whole);
    }

    @Test
    void beforeTheFirstUpdateNothingIsKept() throws Exception {
        AskedAt asked = new AskedAt("started");

        assertThatThrownBy(() -> train(asked, asked, checkpoints(), Collective.alone()))
                .isInstanceOf(StoppedException.class)
                .hasMessage("interrupted before training");

        assertThat(Folder.local(saved).list()).isEmpty();
    }

    @Test
    void withoutCheckpointsItSaysThatItBeginsAnew() {
        AskedAt asked = new AskedAt("stepped 4");

        assertThatThrownBy(() -> train(asked, asked, Optional.empty(), Collective.alone()))
                .isInstanceOf(StoppedException.class)
                .hasMessage("interrupted after update 5 of 8; with training.save_strategy: no there is no checkpoint,"
                        + " and the run begins anew");
    }

    private static boolean never() {
        return false;
    }

    private static void assertSame(Outcome actual, Outcome expected) {
        assertThat(actual.metrics()).isEqualTo(expected.metrics());
        assertThat(actual.weights()).isEqualTo(expected.weights());
    }

    private Optional<Checkpoints> checkpoints() {
        return Optional.of(new Checkpoints(Folder.local(saved), "run", 2));
    }

    private Outcome train(
            BooleanSupplier stop, ProgressListener listener, Optional<Checkpoints> checkpoints, Collective workers)
            throws Exception {
        List<TokenRow> rows = TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            CausalRows data = CausalRows.unpacked(rows, rows.subList(0, 7));
            TrainingResult result = new TrainingLoop(model, data, settings.config(), workers, listener)
                    .stoppingWhen(stop)
                    .run(Prompts.none(), checkpoints);
            List<String> metrics = result.metrics().stream()
                    .filter(metric -> !metric.name().equals("train/tokens_per_second"))
                    .map(metric -> metric.step() + " " + metric.name() + " " + metric.value())
                    .toList();
            return new Outcome(metrics, model.parameters().flatWeights().toFloatArray());
        }
    }
}
