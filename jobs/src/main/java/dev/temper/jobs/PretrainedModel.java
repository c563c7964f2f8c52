package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.adapter.PeftConfig;
import dev.temper.model.Architecture;
import dev.temper.model.ModelWeights;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.TensorIndex;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/** The base model of a recipe: checked from its headers before anything is paid for. */
record PretrainedModel(Folder folder, Architecture architecture) {

    /** Reads config.json alone. */
    static PretrainedModel read(Store store, Recipe recipe) throws IOException {
        Folder folder = new Folder(store, HadoopStore.resolve(recipe.model().base()));
        return new PretrainedModel(
                folder, Architecture.read(folder, recipe.model().head()));
    }

    /**
     * Everything that can be wrong with a base, an adapter's targets or a tokenizer, found from a few kilobytes.
     *
     * @return why a part of it starts at random, such as the head of a classifier; empty when nothing does
     * @throws dev.temper.check.InvalidInputException naming what is wrong
     */
    Optional<String> verify(Recipe recipe) throws IOException {
        TensorIndex index = ModelWeights.index(folder);
        NewHead newHead =
                NewHead.of(architecture, folder, index, recipe.training().seed());
        ModelWeights.verify(architecture, index, folder.location(), newHead);
        List<TrainedParameters.Spec> specs = adapterSpecs(recipe);
        if (recipe.adapter().isPresent()) {
            LoraAdapter.checkSaved(newHead, specs);
        }
        verifyTokenizer();
        tokenizer(recipe); // says what is wrong with it
        int positions = architecture.sizes().maxPositions();
        check(
                recipe.data().maxLength() <= positions,
                "data.max_length: %d is more than the %d positions of the model; set %d or less",
                recipe.data().maxLength(),
                positions,
                positions);
        boolean comesFromAdapter =
                recipe.adapter().flatMap(LoraConfig::initFrom).isPresent();
        return comesFromAdapter ? Optional.empty() : newHead.reason();
    }

    /** The architecture with the output head and the number of tokens that the recipe's adapter has. */
    Architecture adapted(Recipe recipe) throws IOException {
        return adapter(recipe)
                .map(config -> LoraAdapter.adapted(config, architecture))
                .orElse(architecture);
    }

    /**
     * @throws dev.temper.check.InvalidInputException when the base holds only codes of what is to be trained, or the
     *     adapter was trained in a way that cannot go on
     */
    void verifyTrainable(Recipe recipe) throws IOException {
        Optional<PeftConfig> adapter = adapter(recipe);
        if (adapter.isPresent()) {
            LoraAdapter.checkTrainable(adapter.get(), architecture);
        }
        ModelWeights.checkTrainable(architecture, ModelWeights.index(folder), trainedWhole(recipe));
    }

    /** Which parameters of the base are trained themselves. */
    Predicate<Parameter> trainedWhole(Recipe recipe) throws IOException {
        return recipe.adapter().isPresent() ? LoraAdapter.trainedWhole(adapterSpecs(recipe)) : parameter -> true;
    }

    /** How the frozen projections are kept while training; empty: in full precision. */
    Optional<Quantization> quantization(Recipe recipe) throws IOException {
        Optional<Quantization> wanted = recipe.model().quantization();
        wanted.ifPresent(this::checkSkipped);
        return wanted.isPresent() ? wanted : ModelWeights.quantization(folder);
    }

    private void checkSkipped(Quantization wanted) {
        List<String> modules =
                architecture.parameters().stream().map(Parameter::module).toList();
        for (String name : wanted.skipModules()) {
            check(
                    modules.stream().anyMatch(module -> Quantization.isIn(name, module)),
                    "model.quantization.skip_modules: %s is no module of a %s model; it has modules such as %s",
                    name,
                    architecture.modelType(),
                    architecture.parameters().stream()
                            .filter(Parameter::isProjection)
                            .map(Parameter::module)
                            .findFirst()
                            .orElseThrow());
        }
    }

    private Tokenizer tokenizer(Recipe recipe) throws IOException {
        return Tokenizer.shared(LocalCopies.tokenizer(folder, recipe.cluster().localDir()));
    }

    /** Rows of the embedding; the tokenizer may have other tokens, too. */
    int vocabulary() {
        return architecture.sizes().vocabulary();
    }

    /** What a user should know about the tokens, and need not change. */
    List<String> notes(Recipe recipe) throws IOException {
        int tokens = tokenizer(recipe).vocabularySize();
        return tokens <= vocabulary()
                ? List.of()
                : List.of(
                        "the tokenizer has %,d tokens and the model rows for %,d: a row with one of the others is rejected"
                                .formatted(tokens, vocabulary()));
    }

    /** @throws dev.temper.check.InvalidInputException when a prompt has a token that the model does not have */
    void verify(List<RecipeData.Prompt> prompts, Recipe recipe) throws IOException {
        Tokenizer tokenizer = tokenizer(recipe);
        for (RecipeData.Prompt prompt : prompts) {
            OptionalInt unknown = tokenizer.unknown(prompt.question(tokenizer).ids(), vocabulary());
            check(
                    unknown.isEmpty(),
                    "generation.prompts: '%s' cannot be continued: %s; leave that token out",
                    prompt.text(),
                    unknown.isEmpty() ? "" : tokenizer.unknownReason(unknown.getAsInt(), vocabulary()));
        }
    }

    private void verifyTokenizer() throws IOException {
        for (String file : LocalCopies.TOKENIZER_FILES) {
            check(
                    folder.has(file),
                    "model.base: %s has no %s, which the data is tokenized with; save the tokenizer there",
                    folder.location(),
                    file);
        }
    }

    /** The adapter's config: of the one that is trained on, where there is one; empty for full fine-tuning. */
    Optional<PeftConfig> adapter(Recipe recipe) throws IOException {
        Optional<String> existing = recipe.adapter().flatMap(LoraConfig::initFrom);
        if (existing.isEmpty()) {
            return recipe.adapter().map(PeftConfig::of);
        }
        Folder from = new Folder(folder.store(), existing.get());
        return Optional.of(AdapterFile.read(from, recipe.model().head()));
    }

    /** What an adapter adds; nothing for full fine-tuning. */
    List<TrainedParameters.Spec> adapterSpecs(Recipe recipe) throws IOException {
        return adapter(recipe)
                .map(config -> LoraAdapter.specs(config, architecture))
                .orElse(List.of());
    }
}
