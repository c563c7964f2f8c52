package dev.temper.adapter;

import static dev.temper.check.Check.check;

import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A base as an adapter from outside needs it, from the names and shapes of the adapter's tensors: PEFT saves embeddings
 * and output heads beside the updates when they were updated, or when tokens were added to the model.
 */
final class AdaptedArchitecture {
    /** Wrappers of PEFT's around a module; what is inside them are the base's own parameters. */
    private static final List<String> WRAPPERS = List.of(LoraTargets.BASE, TokenRows.BASE, "original_module");

    private AdaptedArchitecture() {}

    /** With an output head of its own where head or embedding are trained whole, and the adapter's tokens. */
    static Architecture of(PeftConfig config, Architecture base) {
        if (config.isFresh()) {
            return base;
        }
        Parameter embedding = base.tokenEmbedding();
        List<String> saved = LoraTargets.modulesToSave(config, base);
        boolean isUntied = base.isTied()
                && saved.stream()
                        .anyMatch(end -> "lm_head".endsWith(end) || LoraTargets.isInside(embedding.module(), end));
        Architecture architecture = isUntied ? base.untied() : base;
        OptionalInt tokens = tokens(config, architecture);
        return tokens.isPresent() && tokens.getAsInt() != base.sizes().vocabulary()
                ? architecture.withVocabulary(tokens.getAsInt())
                : architecture;
    }

    /** How many tokens the adapter was trained with, where it says so. */
    private static OptionalInt tokens(PeftConfig config, Architecture architecture) {
        List<Parameter> tables = new ArrayList<>(architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .toList());
        if (architecture.isTied()) {
            tables.add(Parameter.head(architecture.tokenEmbedding().shape()));
        }
        for (Parameter table : tables) {
            Optional<TensorInfo> whole = names(table).stream()
                    .filter(config::holds)
                    .findFirst()
                    .flatMap(name -> config.tensors().orElseThrow().find(name));
            boolean fits = whole.map(TensorInfo::shape)
                    .filter(shape ->
                            shape.length == 2 && shape[1] == table.shape().get(1))
                    .isPresent();
            if (fits) {
                return OptionalInt.of((int) Math.min(whole.get().shape()[0], Integer.MAX_VALUE));
            }
        }
        return OptionalInt.empty();
    }

    /** What the adapter may call a parameter of the base. */
    private static List<String> names(Parameter parameter) {
        List<String> names = new ArrayList<>(List.of(LoraTargets.name(parameter)));
        WRAPPERS.forEach(wrapper -> names.add(LoraTargets.wrapped(parameter, wrapper)));
        return names;
    }

    /**
     * The frozen parameters that the adapter brings, by the rules of {@code load_state_dict}: whatever of its tensors
     * has the name of one.
     *
     * @param base as it was saved
     * @throws dev.temper.check.InvalidInputException when the adapter has other tokens, and not all rows for them
     */
    static Map<Parameter, String> replaced(PeftConfig config, Architecture base, LoraTargets targets) {
        Map<Parameter, String> replaced = new LinkedHashMap<>();
        for (Parameter parameter : targets.architecture().parameters()) {
            if (!targets.saved().contains(parameter)) {
                source(config, base, targets, parameter).ifPresent(name -> replaced.put(parameter, name));
            }
        }
        int tokens = targets.architecture().sizes().vocabulary();
        for (Parameter table : targets.architecture().parameters()) {
            check(
                    tokens == base.sizes().vocabulary()
                            || !targets.architecture().hasRowPerToken(table)
                            || targets.saved().contains(table)
                            || replaced.containsKey(table),
                    "the adapter was trained with %d tokens, the base has %d, and the adapter has no rows of %s for "
                            + "them: save it again with save_embedding_layers=True",
                    tokens,
                    base.sizes().vocabulary(),
                    table.module());
        }
        return replaced;
    }

    private static Optional<String> source(
            PeftConfig config, Architecture base, LoraTargets targets, Parameter parameter) {
        Optional<String> own = names(parameter).stream()
                .filter(name -> !targets.isUpdated(parameter) || !name.equals(LoraTargets.name(parameter)))
                .filter(config::holds)
                .findFirst();
        boolean isUntied = base.isTied() && parameter.kind() == Parameter.Kind.HEAD;
        return own.isPresent() || !isUntied
                ? own
                : WRAPPERS.stream() // the base's embedding, which the head still is
                        .map(wrapper -> LoraTargets.wrapped(base.tokenEmbedding(), wrapper))
                        .filter(config::holds)
                        .findFirst();
    }
}
