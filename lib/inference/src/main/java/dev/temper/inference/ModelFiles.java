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
import java.util.Optional;

/**
 * The folders of a model on any store, to be checked without loading the model.
 *
 * @param adapter over the model, ours or PEFT's
 * @param head what the adapter's head tells; empty: what the model does
 */
public record ModelFiles(Folder model, Optional<Folder> adapter, Optional<ModelTask> head) {
    static ModelFiles of(Folder model, Options options) {
        return new ModelFiles(model, options.adapter().map(Folder::local), options.head());
    }

    ModelTask task() throws IOException {
        return head.isPresent() ? head.get() : ModelTask.of(model);
    }

    /** The folder of the tokenizer: that of the adapter if it contains one, as the adapter was trained with it. */
    public Folder tokenizer() throws IOException {
        boolean isOwn = adapter.isPresent() && ModelFolder.hasTokenizer(adapter.get());
        return isOwn ? adapter.get() : model;
    }

    /**
     * The chat template: that of the adapter if it has one, otherwise the model's; {@link ChatFormat#NONE} without any.
     *
     * @param template text of a template to use instead, with the tokenizer's special tokens
     * @param today date that the template may show
     * @throws dev.temper.check.InvalidInputException when it is not a valid template
     */
    public ChatFormat chat(Optional<String> template, LocalDate today) throws IOException {
        TokenizerFiles files = TokenizerFiles.read(tokenizer());
        if (adapter.isPresent()) {
            files = files.withTemplates(adapter.get());
        }
        return template.isPresent() ? ChatFormat.of(files, template.get(), today) : ChatFormat.of(files, today);
    }

    /**
     * Checks config.json, the headers of the weights, and that there is a tokenizer.
     *
     * @throws dev.temper.check.InvalidInputException when something is missing, damaged or unsupported, or the adapter
     *     does not fit the model
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
