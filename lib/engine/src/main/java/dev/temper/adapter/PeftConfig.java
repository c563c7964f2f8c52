package dev.temper.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.LinearPattern;
import dev.temper.safetensors.TensorIndex;
import java.util.List;
import java.util.Optional;

/**
 * An adapter's settings: those of a recipe, and those that only an adapter from outside can have. From outside they are
 * read as PEFT reads them: a name that matches nothing, and a layer that is not there, are nobody's mistake.
 *
 * @param lora the settings that a recipe has too
 * @param targets what gets an update; see {@code lora} for {@code all-linear}
 * @param excluded what does not
 * @param layersPattern expressions of the list that {@code layers_to_transform} counts in, such as {@code layers};
 *     empty: any
 * @param bias which biases are trained, and saved with the adapter
 * @param hasUpBias the updates have a bias: {@code scale * (B A x + b)}
 * @param tensors what its folder holds; empty for a fresh adapter
 * @param source its adapter_config.json; empty for a fresh adapter
 */
public record PeftConfig(
        LoraConfig lora,
        ModuleNames targets,
        ModuleNames excluded,
        List<LinearPattern> layersPattern,
        Bias bias,
        boolean hasUpBias,
        Optional<TensorIndex> tensors,
        Optional<ObjectNode> source) {
    /** Values of {@code bias}. */
    enum Bias {
        NONE,
        /** All of the model. */
        ALL,
        /** Those of modules with an update. */
        LORA_ONLY
    }

    public PeftConfig {
        layersPattern = List.copyOf(layersPattern);
    }

    /** Of a recipe: strict about names. */
    public static PeftConfig of(LoraConfig lora) {
        return new PeftConfig(
                lora,
                ModuleNames.of(lora.isAllLinear() ? List.of() : lora.targetModules()),
                ModuleNames.of(lora.excludeModules()),
                List.of(),
                Bias.NONE,
                false,
                Optional.empty(),
                Optional.empty());
    }

    boolean isFresh() {
        return tensors.isEmpty();
    }

    /** Whether its folder holds a tensor. */
    boolean holds(String name) {
        return tensors.flatMap(index -> index.find(name)).isPresent();
    }

    /** Whether a field of adapter_config.json is set to something. */
    boolean sets(String field) {
        return source.filter(root -> PeftFields.isSet(root.path(field))).isPresent();
    }

    /** Whether a field of adapter_config.json has this text. */
    boolean says(String field, String text) {
        return source.filter(root -> root.path(field).asText().equals(text)).isPresent();
    }
}
