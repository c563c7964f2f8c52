package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * What a config.json describes: everything about a model but the values of its weights.
 *
 * @param modelType as in config.json
 * @param className transformers' class for it with this head, such as {@code GPT2LMHeadModel}
 * @param program its class under torchscript, and that module's {@code attributes}
 * @param parameters all of them, in the order of the layers
 * @param embedding dictionary key of the token embedding, which is the output head too when there is no HEAD parameter
 * @param rotary how positions turn queries and keys; empty when positions are learned
 * @param windows per layer, how many positions a token sees, its own and those before it; 0 all of them; -1 all of
 *     those after it too
 * @param dropouts name of what is dropped out while training, as the program calls it, to the chance of it
 * @param ignored patterns of tensor names that weights files carry and nobody reads
 * @param classifier the head of a model that classifies; empty for one that predicts the next token
 */
public record Architecture(
        String modelType,
        String className,
        Sizes sizes,
        String program,
        Map<String, Object> attributes,
        List<Parameter> parameters,
        String embedding,
        Optional<RotaryEmbedding> rotary,
        List<Integer> windows,
        Map<String, Double> dropouts,
        List<String> ignored,
        Optional<Classifier> classifier) {
    /** The attribute of a program that bends the logits; left out by those that do not. */
    public static final String LOGIT_CAP = "logit_cap";

    /** The dictionary key of the embedding of token types; left out by models that do not tell tokens apart. */
    public static final String TOKEN_TYPES = "token_type_embeddings";

    private static final int[] NO_TYPES = {};

    public Architecture {
        attributes = Map.copyOf(attributes);
        parameters = List.copyOf(parameters);
        windows = List.copyOf(windows);
        dropouts = Map.copyOf(dropouts);
        ignored = List.copyOf(ignored);
    }

    /**
     * Reads a model folder's config.json, and nothing else: the model for what it was saved for.
     *
     * @throws dev.temper.check.InvalidInputException when there is none, or it asks for what we do not implement
     */
    public static Architecture read(Folder folder) throws IOException {
        ConfigFields config = ConfigFields.read(folder);
        return Families.read(config, ModelTask.of(config));
    }

    /** As {@link #read(Folder)}, for a task that may be another than the one it was saved for. */
    public static Architecture read(Folder folder, ModelTask task) throws IOException {
        return Families.read(ConfigFields.read(folder), task);
    }

    /** The same with other names of its parameters. */
    Architecture renamed(UnaryOperator<String> rename) {
        return new Architecture(
                modelType,
                className,
                sizes,
                program,
                attributes,
                parameters.stream()
                        .map(parameter -> parameter.named(rename.apply(parameter.name())))
                        .toList(),
                embedding,
                rotary,
                windows,
                dropouts,
                ignored,
                classifier);
    }

    /** Of a language model inside another model: an expression of the names of all modules that are no part of it. */
    public Optional<String> besideIt() {
        return LanguageModel.beside(parameters);
    }

    /** What it answers. */
    public ModelTask task() {
        return classifier.map(Classifier::task).orElseGet(ModelTask::causalLm);
    }

    /** What bends the logits, as {@code final_logit_softcapping}; 0 nothing. */
    public double logitCap() {
        return (double) attributes.getOrDefault(LOGIT_CAP, 0.0);
    }

    /** Tokens of a text at most: learned positions end, rotary ones do not. */
    public int maxTokens() {
        return rotary.isPresent() ? Integer.MAX_VALUE : sizes.maxPositions();
    }

    /** Elements of all parameters; tied weights count once. */
    public long parameterCount() {
        return parameters.stream()
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }

    /** Whether it tells the tokens of two texts in one row apart. */
    public boolean hasTokenTypes() {
        return parameters.stream()
                .anyMatch(parameter ->
                        parameter.key().equals(TOKEN_TYPES) && parameter.shape().get(0) > 1);
    }

    /** The token types of a row as it takes them: none where it has none, whatever the tokenizer says. */
    public int[] tokenTypes(int[] types) {
        return hasTokenTypes() ? types : NO_TYPES;
    }

    /** Whether the output head is the token embedding. */
    public boolean isTied() {
        return classifier.isEmpty() && head().equals(embedding);
    }

    /** The same with an output head of its own; as it is, when it has one or classifies. */
    public Architecture untied() {
        if (!isTied()) {
            return this;
        }
        List<Parameter> all = new ArrayList<>(parameters);
        all.add(Parameter.head(tokenEmbedding().shape()));
        return withParameters(all, sizes);
    }

    /** The same with another number of tokens. */
    public Architecture withVocabulary(int tokens) {
        Shape table = new Shape(tokens, sizes.width());
        Sizes resized = new Sizes(
                tokens,
                sizes.width(),
                sizes.layers(),
                sizes.numHeads(),
                sizes.numKeyValueHeads(),
                sizes.headSize(),
                sizes.feedForward(),
                sizes.maxPositions());
        List<Parameter> all = parameters.stream()
                .map(p -> hasRowPerToken(p) ? resized(p, table) : p)
                .toList();
        return withParameters(all, resized);
    }

    /** As torch's resized table: a row of padding that is cut off is none any more. */
    private static Parameter resized(Parameter parameter, Shape table) {
        OptionalInt padding =
                parameter.padding().stream().filter(row -> row < table.get(0)).findFirst();
        return new Parameter(parameter.name(), table, parameter.layer(), parameter.key(), parameter.kind(), padding);
    }

    /** True for the token embedding and the map to the vocabulary. */
    public boolean hasRowPerToken(Parameter parameter) {
        return parameter.layer() == Parameter.SHARED
                && (parameter.key().equals(embedding)
                        || (classifier.isEmpty() && parameter.kind() == Parameter.Kind.HEAD));
    }

    /** The token embedding. */
    public Parameter tokenEmbedding() {
        return parameters.stream()
                .filter(parameter ->
                        parameter.layer() == Parameter.SHARED && parameter.key().equals(embedding))
                .findFirst()
                .orElseThrow();
    }

    /** The parameter whose tensor another architecture's starts as: an output head that was untied, the embedding's. */
    Parameter source(Parameter parameter) {
        return parameters.stream()
                .filter(other -> other.name().equals(parameter.name()))
                .findFirst()
                .orElseGet(this::tokenEmbedding);
    }

    private Architecture withParameters(List<Parameter> all, Sizes counts) {
        return new Architecture(
                modelType,
                className,
                counts,
                program,
                attributes,
                all,
                embedding,
                rotary,
                windows,
                dropouts,
                ignored,
                classifier);
    }

    /** The dictionary key of the output head. */
    public String head() {
        return parameters.stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.HEAD)
                .map(Parameter::key)
                .findFirst()
                .orElse(embedding);
    }
}
