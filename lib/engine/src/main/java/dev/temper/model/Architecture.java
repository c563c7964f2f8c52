package dev.temper.model;

import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a config.json describes: everything about a model but the values of its weights.
 *
 * @param modelType as in config.json
 * @param program its class under torchscript, and that module's {@code attributes}
 * @param parameters all of them, in the order of the layers
 * @param embedding dictionary key of the token embedding, which is the output head too when there is no HEAD parameter
 * @param rotary how positions turn queries and keys; empty when positions are learned
 * @param windows per layer, how many positions a token sees; 0 all
 * @param dropouts name of what is dropped out while training, as the program calls it, to the chance of it
 * @param ignored patterns of tensor names that weights files carry and nobody reads
 */
public record Architecture(
        String modelType,
        Sizes sizes,
        String program,
        Map<String, Object> attributes,
        List<Parameter> parameters,
        String embedding,
        Optional<RotaryEmbedding> rotary,
        List<Integer> windows,
        Map<String, Double> dropouts,
        List<String> ignored) {
    /** The attribute of a program that bends the logits; left out by those that do not. */
    public static final String LOGIT_CAP = "logit_cap";

    public Architecture {
        attributes = Map.copyOf(attributes);
        parameters = List.copyOf(parameters);
        windows = List.copyOf(windows);
        dropouts = Map.copyOf(dropouts);
        ignored = List.copyOf(ignored);
    }

    /**
     * Reads a model folder's config.json, and nothing else.
     *
     * @throws dev.temper.check.InvalidInputException when there is none, or it asks for what we do not implement
     */
    public static Architecture read(Folder folder) throws IOException {
        return Families.read(ConfigFields.read(folder));
    }

    /** What bends the logits, as {@code final_logit_softcapping}; 0 nothing. */
    public double logitCap() {
        return (double) attributes.getOrDefault(LOGIT_CAP, 0.0);
    }

    /** Elements of all parameters; tied weights count once. */
    public long parameterCount() {
        return parameters.stream()
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
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
