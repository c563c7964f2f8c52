package dev.temper.recipe;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.adapter.PeftConfig;
import dev.temper.inference.TextPair;
import dev.temper.model.AddedRows;
import dev.temper.model.Architecture;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelWeights;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedWeights;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.TensorIndex;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.AddedTokens;
import dev.temper.text.TokenIds;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * The base model of a recipe: checked from its headers before anything is paid for.
 *
 * @param stored what its folder holds
 * @param architecture the same with rows for the tokens that the recipe adds
 */
public record PretrainedModel(Folder folder, Architecture stored, Architecture architecture) {
    private static final int SHOWN = 40; // characters of a prompt in a message

    /** Reads config.json, and tokenizer.json where tokens are added to it. */
    public static PretrainedModel read(Store store, Recipe recipe) throws IOException {
        return read(new Folder(store, HadoopStore.resolve(recipe.model().base())), recipe);
    }

    /** As {@link #read(Store, Recipe)}, of a copy of the base. */
    public static PretrainedModel read(Folder folder, Recipe recipe) throws IOException {
        Architecture stored = Architecture.read(folder, recipe.model().head());
        AddedTokens added = recipe.model().added();
        int tokens = added.isEmpty() ? 0 : TokenIds.read(folder, added).size();
        boolean isGrown = tokens > stored.sizes().vocabulary();
        return new PretrainedModel(folder, stored, isGrown ? stored.withVocabulary(tokens) : stored);
    }

    /**
     * Everything that can be wrong with a base, an adapter's targets or a tokenizer, found from a few kilobytes.
     *
     * @return why a part of it starts at random, such as the head of a classifier; empty when nothing does
     * @throws dev.temper.check.InvalidInputException naming what is wrong
     */
    public Optional<String> verify(Recipe recipe) throws IOException {
        verifySettings(recipe);
        TensorIndex index = ModelWeights.index(folder);
        NewHead newHead = NewHead.of(stored, folder, index, recipe.training().seed());
        ModelWeights.verify(stored, index, folder.location(), newHead);
        if (isGrown()) {
            AddedRows.verify(architecture, index);
        }
        List<TrainedParameters.Spec> specs = adapterSpecs(recipe);
        if (recipe.adapter().isPresent()) {
            LoraAdapter.checkSaved(newHead, specs);
        }
        verifyTokenizer();
        Tokenizer tokenizer = tokenizer(recipe); // says what is wrong with it
        if (recipe.data().isPair()) {
            TextPair.verify(tokenizer, architecture);
        }
        boolean comesFromAdapter =
                recipe.adapter().flatMap(LoraConfig::initFrom).isPresent();
        return comesFromAdapter ? Optional.empty() : newHead.reason();
    }

    /**
     * What config.json alone shows to be wrong with the recipe's settings.
     *
     * @throws dev.temper.check.InvalidInputException naming the key
     */
    public void verifySettings(Recipe recipe) throws IOException {
        int positions = architecture.sizes().maxPositions();
        check(
                recipe.data().maxLength() <= positions,
                "data.max_length: %d is more than the %d positions of the model; set %d or less",
                recipe.data().maxLength(),
                positions,
                positions);
        check(
                vocabulary(recipe) >= architecture.sizes().vocabulary(),
                "adapter.init_from: the adapter has rows for %d tokens, with model.add_tokens there are %d: merge it"
                        + " into its base, and add the tokens to that",
                vocabulary(recipe),
                architecture.sizes().vocabulary());
        adapterSpecs(recipe); // of modules that are there
        quantization(recipe);
    }

    /** Whether more than config.json is there. */
    public boolean hasWeights() throws IOException {
        return folder.list().stream().anyMatch(entry -> entry.name().contains(".safetensors"));
    }

    /** The architecture with the output head and the number of tokens that the recipe's adapter has. */
    public Architecture adapted(Recipe recipe) throws IOException {
        return adapter(recipe)
                .map(config -> LoraAdapter.adapted(config, architecture))
                .orElse(architecture);
    }

    /**
     * @throws dev.temper.check.InvalidInputException when the base holds only codes of what is to be trained, or the
     *     adapter was trained in a way that cannot go on
     */
    public void verifyTrainable(Recipe recipe) throws IOException {
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

    /** How the frozen projections are kept while training: as they were saved, or as wanted; empty: as numbers. */
    public Optional<Quantization> quantization(Recipe recipe) throws IOException {
        Optional<Quantization> wanted = recipe.model().quantization();
        wanted.ifPresent(this::checkSkipped);
        Optional<Quantization> saved = ModelWeights.quantization(folder);
        return saved.isPresent() ? saved : wanted;
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
        return Tokenizer.shared(
                LocalCopies.tokenizer(folder, recipe.cluster().localDir()),
                recipe.model().added());
    }

    /** Rows of the embedding; the tokenizer may have other tokens, too. */
    public int vocabulary(Recipe recipe) throws IOException {
        return adapted(recipe).sizes().vocabulary();
    }

    /** Whether the added tokens have no rows among those that it has. */
    boolean isGrown() {
        return architecture.sizes().vocabulary() > stored.sizes().vocabulary();
    }

    /** What a user should know about the tokens, and need not change. */
    public List<String> notes(Recipe recipe) throws IOException {
        List<String> notes = new ArrayList<>();
        int rows = vocabulary(recipe);
        int tokens = tokenizer(recipe).vocabularySize();
        if (tokens > rows) {
            notes.add(
                    "the tokenizer has %,d tokens and the model rows for %,d: a row with one of the others is rejected"
                            .formatted(tokens, rows));
        }
        AddedTokens added = recipe.model().added();
        if (!added.isEmpty()) {
            TokenIds ids = TokenIds.read(folder, added);
            ids.present()
                    .forEach(token -> notes.add("model.add_tokens: the tokenizer has '%s' already, as token %d"
                            .formatted(token, ids.find(token).orElseThrow())));
            notes.add(
                    isGrown()
                            ? ("model.add_tokens: the model gets rows for %,d instead of %,d tokens;"
                                            + " a new row starts as the mean of the others")
                                    .formatted(rows, stored.sizes().vocabulary())
                            : ("model.add_tokens: the model has rows for %,d tokens, which are enough;"
                                            + " they start as they are")
                                    .formatted(rows));
            notes.addAll(untrained(recipe));
        }
        return notes;
    }

    /** A sentence for each table in which the rows of the added tokens stay as they start. */
    private List<String> untrained(Recipe recipe) throws IOException {
        Optional<PeftConfig> adapter = adapter(recipe);
        if (adapter.isEmpty()) {
            return List.of();
        }
        TrainedWeights trained = LoraAdapter.trained(adapter.get(), architecture);
        return architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .filter(table ->
                        !trained.whole().test(table) && !trained.inRows().contains(table))
                .map(table -> ("model.add_tokens: the rows of the added tokens in %s are not trained: set"
                                + " adapter.trainable_token_indices: added")
                        .formatted(table.module()))
                .toList();
    }

    /** @throws dev.temper.check.InvalidInputException when the model cannot continue a prompt */
    public void verify(List<RenderedPrompt> prompts, Recipe recipe) throws IOException {
        Tokenizer tokenizer = tokenizer(recipe);
        int rows = vocabulary(recipe);
        for (RenderedPrompt prompt : prompts) {
            int[] ids = prompt.question(tokenizer).ids();
            int positions = architecture.sizes().maxPositions();
            check(
                    ids.length < positions,
                    "generation.prompts: '%s' has %,d tokens, and the model %,d positions for prompt and answer;"
                            + " shorten it",
                    beginning(prompt.text()),
                    ids.length,
                    positions);
            OptionalInt unknown = tokenizer.unknown(ids, rows);
            check(
                    unknown.isEmpty(),
                    "generation.prompts: '%s' cannot be continued: %s; leave that token out",
                    prompt.text(),
                    unknown.isEmpty() ? "" : tokenizer.unknownReason(unknown.getAsInt(), rows));
        }
    }

    private static String beginning(String text) {
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
    }

    private void verifyTokenizer() throws IOException {
        ModelFolder.verifyTokenizer(folder);
        check(
                Tokenizer.isIn(folder),
                "model.base: %s has no tokenizer.json, which the data is tokenized with; save the tokenizer there",
                folder.location());
    }

    /**
     * The adapter's config: of the one that is trained on, where there is one; empty for full fine-tuning. Tokens are
     * named by their ids.
     */
    public Optional<PeftConfig> adapter(Recipe recipe) throws IOException {
        Optional<String> existing = recipe.adapter().flatMap(LoraConfig::initFrom);
        if (existing.isEmpty()) {
            return recipe.adapter().isEmpty()
                    ? Optional.empty()
                    : Optional.of(PeftConfig.of(withTokens(recipe.adapter().get(), recipe)));
        }
        Folder from = new Folder(folder.store(), existing.get());
        return Optional.of(AdapterFile.read(from, recipe.model().head()));
    }

    private LoraConfig withTokens(LoraConfig config, Recipe recipe) throws IOException {
        if (!config.trainsTokens()) {
            return config;
        }
        AddedTokens added = recipe.model().added();
        TokenIds ids = TokenIds.read(folder, added);
        List<Integer> rows = added.tokens().stream()
                .map(token -> ids.find(token.content()).orElseThrow())
                .toList();
        return config.withTokens(rows, ids::find, architecture);
    }

    /** The recipe for a worker, which need not look for the ids of tokens. */
    public Recipe resolved(Recipe recipe) throws IOException {
        boolean isFresh =
                recipe.adapter().filter(lora -> lora.initFrom().isEmpty()).isPresent();
        return isFresh ? recipe.with(adapter(recipe).orElseThrow().lora()) : recipe;
    }

    /** What an adapter adds; nothing for full fine-tuning. */
    public List<TrainedParameters.Spec> adapterSpecs(Recipe recipe) throws IOException {
        return adapter(recipe)
                .map(config -> LoraAdapter.specs(config, architecture))
                .orElse(List.of());
    }
}
