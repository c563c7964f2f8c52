package dev.temper.spark;

import dev.temper.inference.ModelFiles;
import dev.temper.inference.Options;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TextGenerator;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A model on any store that all tasks of an executor share: the first one loads it, and it is closed when the process
 * ends.
 */
record SharedModel(HadoopStore store, Settings settings) implements Serializable {
    private static final Map<Settings, TextClassifier> CLASSIFIERS = new ConcurrentHashMap<>();
    private static final Map<Settings, TextGenerator> GENERATORS = new ConcurrentHashMap<>();

    /**
     * Settings that identify a loaded model.
     *
     * @param model location of its folder
     * @param adapter location of an adapter's folder; empty: none
     * @param localFolder where copies go; the system's temporary folder when empty
     * @param task of the adapter's head, where there are labels
     * @param labels of the adapter's head, where the model below does not have them
     * @param threads 0: the executor's cores
     * @param maxLength 0: the model's maximum number of positions
     * @param chatTemplate text of a template; empty: that of the folder
     */
    public record Settings(
            String model,
            String adapter,
            String localFolder,
            Task task,
            List<String> labels,
            int threads,
            int batchTokens,
            int maxLength,
            String chatTemplate)
            implements Serializable {
        /** What the adapter's head tells; empty: what the model below does. */
        private Optional<ModelTask> head() {
            return labels.isEmpty() ? Optional.empty() : Optional.of(ModelTask.of(task, labels));
        }
    }

    private interface Opener<M> {
        M open(Path folder, Options options) throws IOException;
    }

    SharedModel withChatTemplate(String text) {
        Settings all = new Settings(
                settings.model(),
                settings.adapter(),
                settings.localFolder(),
                settings.task(),
                settings.labels(),
                settings.threads(),
                settings.batchTokens(),
                settings.maxLength(),
                text);
        return new SharedModel(store, all);
    }

    /** The model's files on the store, which the driver checks without loading the model. */
    ModelFiles files() {
        Optional<Folder> adapter = Optional.of(settings.adapter())
                .filter(location -> !location.isEmpty())
                .map(store::folder);
        return new ModelFiles(store.folder(settings.model()), adapter, settings.head());
    }

    /** Opens the tokenizer alone, on the driver. */
    Tokenizer tokenizer() throws IOException {
        return Tokenizer.shared(LocalCopies.tokenizer(files().tokenizer(), Optional.empty()));
    }

    TextClassifier classifier() {
        return CLASSIFIERS.computeIfAbsent(settings, absent -> open(TextClassifier::open));
    }

    TextGenerator generator() {
        return GENERATORS.computeIfAbsent(settings, absent -> open(TextGenerator::open));
    }

    private <M extends AutoCloseable> M open(Opener<M> opener) {
        try {
            Path folder = local(settings.model());
            int threads = settings.threads() > 0 ? settings.threads() : GivenCores.ofExecutor();
            Options options = Options.defaults().withThreads(threads).withBatchTokens(settings.batchTokens());
            if (!settings.adapter().isEmpty()) {
                options = options.withAdapter(local(settings.adapter())).withHead(settings.head());
            }
            if (settings.maxLength() > 0) {
                options = options.withMaxLength(settings.maxLength());
            }
            if (!settings.chatTemplate().isEmpty()) {
                options = options.withChatTemplate(settings.chatTemplate());
            }
            M model = opener.open(folder, options);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(model), "temper-close-model"));
            return model;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path local(String location) throws IOException {
        Optional<String> parent = Optional.of(settings.localFolder()).filter(name -> !name.isEmpty());
        return LocalCopies.model(new Folder(store, location), parent);
    }

    private static void close(AutoCloseable model) {
        try {
            model.close();
        } catch (Exception e) {
            throw new IllegalStateException(e); // the process is ending
        }
    }
}
