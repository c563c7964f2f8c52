package dev.temper.model;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The language model inside a model for texts and pictures, which is used without the rest: which part of config.json
 * it is, and which of the weights. Versions of transformers lay them out in two ways.
 */
final class LanguageModel {
    /** The field with its config. */
    static final String CONFIG = "text_config";

    /** Model type of the whole to that of its language model. */
    private static final Map<String, String> TYPES = Map.of("gemma3", "gemma3_text", "mistral3", "mistral");

    private static final String TIED = "tie_word_embeddings";
    /** What the whole says for all its parts. */
    private static final List<String> OF_ALL =
            List.of("architectures", "dtype", "torch_dtype", "quantization_config", "transformers_version");
    /** What it says where the part does not. */
    private static final List<String> OTHERWISE = List.of("bos_token_id", "eos_token_id");

    private static final String ALONE = "model.";
    /** Where it lies in the whole, for adapters on it. */
    private static final String INSIDE = "model.language_model.";

    private static final Pattern OLDER = Pattern.compile("^language_model\\.model\\.");
    private static final Pattern OLDER_HEAD = Pattern.compile("^language_model\\.(?=lm_head\\.)");
    private static final String BESIDE = "(model\\.)?(vision_tower|multi_modal_projector)\\..*";
    private static final Pattern OTHERS = Pattern.compile(BESIDE);

    private LanguageModel() {}

    static boolean isPartOf(JsonNode whole) {
        return TYPES.containsKey(whole.path("model_type").asText());
    }

    /** Models for texts and pictures with a language model of this type inside. */
    static List<String> around(String type) {
        return TYPES.entrySet().stream()
                .filter(entry -> entry.getValue().equals(type))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The language model's config, as that of a model of its own. */
    static ObjectNode config(ObjectNode whole, Folder folder) throws IOException {
        String type = whole.path("model_type").asText();
        check(
                whole.path(CONFIG).isObject(),
                "%s: a %s model needs %s, an object",
                folder.location("config.json"),
                type,
                CONFIG);
        ObjectNode config = whole.path(CONFIG).deepCopy();
        if (!config.hasNonNull("model_type")) {
            config.put("model_type", TYPES.get(type));
        }
        if (OF_ALL.subList(1, 3).stream().anyMatch(whole::hasNonNull)) {
            config.remove(OF_ALL.subList(1, 3)); // two names of one field
        }
        OF_ALL.stream().filter(whole::hasNonNull).forEach(name -> config.set(name, whole.get(name)));
        OTHERWISE.stream()
                .filter(name -> whole.hasNonNull(name) && !config.hasNonNull(name))
                .forEach(name -> config.set(name, whole.get(name)));
        if (!config.path(TIED).asBoolean(type.equals("gemma3"))) {
            config.put(TIED, isHeadLeftOut(whole, folder));
        }
        return config;
    }

    /** Transformers 5 looks at the whole's field, which is true by default, and unties a head that the weights hold. */
    private static boolean isHeadLeftOut(JsonNode whole, Folder folder) throws IOException {
        boolean hasWeights = folder.has("model.safetensors") || folder.has("model.safetensors.index.json");
        if (!whole.path(TIED).asBoolean(true) || !hasWeights) {
            return false;
        }
        TensorIndex index = ModelWeights.index(folder);
        return index.names().stream().noneMatch(name -> name.startsWith("lm_head."));
    }

    /** The name that a tensor of a file has in memory; none for one of another part. */
    static Optional<String> tensor(String name) {
        if (OTHERS.matcher(name).matches()) {
            return Optional.empty();
        }
        String renamed = OLDER.matcher(name).replaceFirst(INSIDE);
        return Optional.of(OLDER_HEAD.matcher(renamed).replaceFirst(""));
    }

    /** The model's architecture with the names that its parameters have in the whole. */
    static Architecture inside(Architecture architecture) {
        return architecture.renamed(name -> name.startsWith(ALONE) ? INSIDE + name.substring(ALONE.length()) : name);
    }

    /** What lies beside a model with these parameters; nothing beside one of its own. */
    static Optional<String> beside(List<Parameter> parameters) {
        boolean isInside =
                parameters.stream().anyMatch(parameter -> parameter.name().startsWith(INSIDE));
        return isInside ? Optional.of(BESIDE) : Optional.empty();
    }

    /** The name that a parameter has in a model of its own. */
    static String alone(String name) {
        return name.startsWith(INSIDE) ? ALONE + name.substring(INSIDE.length()) : name;
    }
}
