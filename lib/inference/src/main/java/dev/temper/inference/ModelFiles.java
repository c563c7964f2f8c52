package dev.temper.inference;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdaptedModel;
import dev.temper.model.Architecture;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.ModelWeights;
import dev.temper.model.NewHead;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * The folders of a model, on any store: what can be told of it before it is loaded.
 *
 * @param adapter over the model, ours or PEFT's
 * @param labels names of the classes of the adapter's head; empty: those of the model
 */
public record ModelFiles(Folder model, Optional<Folder> adapter, List<String> labels) {
    static ModelFiles of(Folder model, Options options) {
        return new ModelFiles(model, options.adapter().map(Folder::local), options.labels());
    }

    ModelTask task() throws IOException {
        return labels.isEmpty() ? ModelTask.of(model) : ModelTask.classification(labels);
    }

    /** The folder whose tokenizer counts: an adapter's, with which it was trained, where it has one. */
    public Folder tokenizer() throws IOException {
        boolean isOwn = adapter.isPresent() && ModelFolder.hasTokenizer(adapter.get());
        return isOwn ? adapter.get() : model;
    }

    /**
     * The chat template that counts: an adapter's, where it has one; {@link ChatFormat#NONE} without any.
     *
     * @param template text of another one, with the tokenizer's special tokens
     * @param today what a template is told is today
     * @throws dev.temper.check.InvalidInputException when it is no template
     */
    public ChatFormat chat(Optional<String> template, LocalDate today) throws IOException {
        TokenizerFiles files = TokenizerFiles.read(tokenizer());
        if (adapter.isPresent()) {
            files = files.withTemplates(adapter.get());
        }
        return template.isPresent() ? ChatFormat.of(files, template.get(), today) : ChatFormat.of(files, today);
    }

    /**
     * Looks at config.json, the headers of the weights and whether there is a tokenizer.
     *
     * @throws dev.temper.check.InvalidInputException when something is missing, damaged or not supported, or model and
     *     adapter do not belong together
     */
    public Architecture verify() throws IOException {
        Architecture architecture = Architecture.read(model, task());
        TensorIndex index = ModelWeights.index(model);
        NewHead newHead = NewHead.of(architecture, model, index, 0);
        ModelWeights.verify(architecture, index, model.location(), newHead);
        if (adapter.isPresent()) {
            AdaptedModel.verify(architecture, newHead, adapter.get());
        }
        Folder tokenizer = tokenizer();
        check(
                Tokenizer.isIn(tokenizer),
                "%s has no tokenizer.json, which texts are tokenized with; save the tokenizer there",
                tokenizer.location());
        return architecture;
    }
}
