package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.adapter.LoraConfig;
import dev.temper.check.FailedRunException;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing is kept of what was computed with a frozen base after somebody touched its files. */
final class ChangedBaseTest {
    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();
    private Path weights;

    @BeforeEach
    void writeModel() throws Exception {
        TinyModel.LLAMA.write(base);
        weights = base.resolve("model.safetensors");
        Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000_000_000L));
        settings.steps = 8;
        settings.saveSteps = 2;
    }

    /** What may happen to the file. */
    private enum Change {
        WRITTEN_TO("was changed while it was in use") {
            @Override
            void make(Path file) throws IOException {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.wrap(new byte[] {0x3f}), channel.size() - 1);
                }
            }
        },
        REPLACED("was changed while it was in use") {
            @Override
            void make(Path file) throws IOException {
                Path other = Files.write(file.resolveSibling("new"), new byte[100]);
                Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            }
        },
        LONGER("was changed while it was in use") {
            @Override
            void make(Path file) throws IOException {
                FileTime before = Files.getLastModifiedTime(file);
                Files.write(file, new byte[1], StandardOpenOption.APPEND);
                Files.setLastModifiedTime(file, before);
            }
        },
        DELETED("was deleted or moved while it was in use") {
            @Override
            void make(Path file) throws IOException {
                Files.delete(file);
            }
        };

        private final String said;

        Change(String said) {
            this.said = said;
        }

        abstract void make(Path file) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void isNoticedBeforeTheNextCheckpoint(Change change) throws Exception {
        assertThatThrownBy(() -> train(false, 5, change, Collective.alone()))
                .isInstanceOf(FailedRunException.class)
                .hasMessageStartingWith("model.base: " + weights + " " + change.said)
                .hasMessageEndingWith("; a base must stay as it is until the run ends: put it back and run the same"
                        + " command again, which goes on from the newest checkpoint");

        assertThat(Folder.local(saved).list())
                .extracting(Store.Entry::name)
                .containsExactly("step-00000002", "step-00000004");
    }

    @Test
    void isNoticedWhenTheRunEnds() {
        settings.saveSteps = 0;

        assertThatThrownBy(() -> train(false, 8, Change.WRITTEN_TO, Collective.alone()))
                .hasMessageContaining("was changed while it was in use: it had ");
    }

    @Test
    void stopsAllWorkersThoughOneAloneSeesIt() throws Exception {
        List<String> failures = Workers.all(2, workers -> {
            try (Workspace workspace = Workspace.open(1)) {
                Path own = Files.createDirectory(saved.resolve("base-" + workers.rank()));
                TinyModel.LLAMA.write(own);
                try (TrainedModel model = TrainedModels.withAdapter(workspace, own, lora(), 4)) {
                    model.checkBase(workers);
                    if (workers.rank() == 1) {
                        Files.delete(own.resolve("model.safetensors"));
                    }
                    return messageOf(() -> model.checkBase(workers));
                }
            }
        });

        assertThat(failures.get(0)).contains("was changed on the machine of worker 1");
        assertThat(failures.get(1)).contains("base-1/model.safetensors was deleted or moved");
    }

    @Test
    void doesNotMatterToAModelThatIsTrainedWhole() {
        assertThatCode(() -> train(true, 5, Change.REPLACED, Collective.alone()))
                .doesNotThrowAnyException();
    }

    private static LoraConfig lora() {
        return LoraConfig.of(3, 6, 0, List.of(LoraConfig.ALL_LINEAR));
    }

    private static String messageOf(Deed deed) throws IOException {
        try {
            deed.run();
            return "";
        } catch (FailedRunException e) {
            return e.getMessage();
        }
    }

    /** Trains, and changes the base after an update. */
    private void train(boolean full, int update, Change change, Collective workers) throws Exception {
        List<TokenRow> rows = TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = full
                        ? TrainedModels.full(workspace, base)
                        : TrainedModels.withAdapter(
                                workspace, StoredModel.read(base, ModelTask.causalLm(), 0), lora(), 4)) {
            CausalRows data = CausalRows.unpacked(rows, List.of());
            Optional<Checkpoints> checkpoints = settings.saveSteps > 0
                    ? Optional.of(new Checkpoints(Folder.local(saved), "run", 2))
                    : Optional.empty();
            new TrainingLoop(model, data, settings.config(), workers, new After(update, () -> change.make(weights)))
                    .run(Prompts.none(), checkpoints);
            model.checkBase(workers);
        }
    }

    private interface Deed {
        void run() throws IOException;
    }

    /** Does something after an update. */
    private record After(int update, Deed deed) implements ProgressListener {
        @Override
        public void stepped(Update finished) {
            if (finished.step() == update) {
                try {
                    deed.run();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
