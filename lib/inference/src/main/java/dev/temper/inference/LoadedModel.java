package dev.temper.inference;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdaptedModel;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.ModelFolder;
import dev.temper.model.Network;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** A loaded network with the thread that it computes in, and its tokenizer, which all threads share. */
final class LoadedModel implements AutoCloseable {
    private final GuardedTokenizer tokenizer;
    private final ModelThread<Network> thread;

    private LoadedModel(GuardedTokenizer tokenizer, ModelThread<Network> thread) {
        this.tokenizer = tokenizer;
        this.thread = thread;
    }

    static LoadedModel open(Path folder, Options options) throws IOException {
        check(Files.isDirectory(folder), "%s is no folder: a model's is needed", folder);
        if (options.head().isEmpty()) { // else of an adapter's head
            ModelFolder.verifyUsable(Folder.local(folder));
        }
        ModelFiles files = ModelFiles.of(Folder.local(folder), options);
        Tokenizer opened = Tokenizer.open(Path.of(files.tokenizer().location()));
        GuardedTokenizer tokenizer = new GuardedTokenizer(opened);
        try {
            return new LoadedModel(
                    tokenizer, ModelThread.open(options.threads(), workspace -> load(workspace, folder, options)));
        } catch (IOException | RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    private static Network load(Workspace workspace, Path folder, Options options) throws IOException {
        return options.adapter().isEmpty()
                ? Network.open(workspace, folder)
                : adapted(workspace, folder, options).network();
    }

    private static AdaptedModel adapted(Workspace workspace, Path folder, Options options) throws IOException {
        ModelFiles files = ModelFiles.of(Folder.local(folder), options);
        return AdaptedModel.load(
                workspace, folder, files.task(), files.adapter().orElseThrow());
    }

    /** Tokenizes in the caller's thread, in parallel with other callers. */
    <T> T tokens(Function<Tokenizer, T> work) {
        return tokenizer.use(work);
    }

    /** Why a text cannot be tokenized, in words; empty for almost every text. */
    Optional<String> refusal(String text) {
        return text.length() > DataConfig.MAX_CHARACTERS
                ? Optional.of("%,d characters, and %,d are tokenized at most"
                        .formatted(text.length(), DataConfig.MAX_CHARACTERS))
                : tokenizer.use(opened -> opened.refusal(text));
    }

    Architecture architecture() {
        return thread.<Architecture>submit(call -> call.model().architecture()).result();
    }

    /** The thread in which the network computes. */
    ModelThread<Network> thread() {
        return thread;
    }

    @Override
    public void close() {
        thread.close();
        tokenizer.close();
    }
}
