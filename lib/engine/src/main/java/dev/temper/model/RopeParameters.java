package dev.temper.model;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * How positions turn, as transformers 5 writes it, brought to the fields that transformers 4 wrote: 4 does not look at
 * {@code rope_parameters} and would turn by its defaults, while 5 reads both.
 *
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_rope_utils.py">how 5
 *     reads the older fields</a>
 */
final class RopeParameters {
    private static final String PARAMETERS = "rope_parameters";
    private static final String SCALING = "rope_scaling";
    private static final String THETA = "rope_theta";
    private static final String NEAR_THETA = "rope_local_base_freq";
    private static final String PARTIAL = "partial_rotary_factor";
    private static final String TYPE = "rope_type";
    private static final String OLD_TYPE = "type";
    private static final String ORIGINAL = "original_max_position_embeddings";
    private static final String FAR = "full_attention";
    private static final String NEAR = "sliding_attention";
    private static final Set<String> STRETCHED = Set.of("llama3", "yarn", "longrope");
    private static final int PHI3_ORIGINAL = 4096;

    private final ObjectNode config;
    private final String location;
    private final Map<String, String> origins = new HashMap<>();

    private RopeParameters(ObjectNode config, String location) {
        this.config = config;
        this.location = location;
    }

    /**
     * Changes a config in place.
     *
     * @return where a field of the changed config was found, for those that were elsewhere
     */
    static Map<String, String> unfold(ObjectNode config, String location) {
        RopeParameters rope = new RopeParameters(config, location);
        String type = config.path("model_type").asText();
        if (config.path(PARAMETERS).isObject()) {
            if (type.equals("gemma3_text")) {
                rope.unfoldByLayer();
            } else {
                rope.unfoldOne();
            }
        }
        if (config.path(PARAMETERS).isNull()) {
            config.remove(PARAMETERS);
        }
        if (type.equals("phi3")) {
            rope.nameAsPhi3();
        }
        return rope.origins;
    }

    /** One way for all layers. Where both generations' fields are there, the older ones count, as in transformers 5. */
    private void unfoldOne() {
        JsonNode written = config.remove(PARAMETERS);
        if (!config.path(SCALING).isEmpty()) {
            return;
        }
        ObjectNode parameters = withoutNulls(written);
        move(parameters, THETA, THETA, PARAMETERS);
        move(parameters, PARTIAL, PARTIAL, PARAMETERS);
        putScaling(parameters, PARAMETERS);
    }

    /** Gemma 3: one way for layers that see all, which may be stretched, and one for those that see a window. */
    private void unfoldByLayer() {
        ObjectNode byLayer = withoutNulls(config.remove(PARAMETERS));
        byLayer.fieldNames()
                .forEachRemaining(name -> check(
                        (name.equals(FAR) || name.equals(NEAR))
                                && byLayer.path(name).isObject(),
                        "%s: %s must have an object for each of %s and %s, got %s",
                        location,
                        PARAMETERS,
                        FAR,
                        NEAR,
                        byLayer));
        ObjectNode far = withoutNulls(byLayer.path(FAR));
        ObjectNode near = withoutNulls(byLayer.path(NEAR));
        move(far, THETA, THETA, PARAMETERS + ": " + FAR);
        move(near, THETA, NEAR_THETA, PARAMETERS + ": " + NEAR);
        String nearType = type(near);
        near.remove(Set.of(TYPE, OLD_TYPE));
        check(
                nearType.equals("default") && near.isEmpty(),
                "%s: %s: %s: only rope_type: default is supported with rope_theta alone, got %s with %s",
                location,
                PARAMETERS,
                NEAR,
                nearType,
                near);
        if (config.path(SCALING).isObject()) {
            far.setAll((ObjectNode) config.path(SCALING));
        }
        putScaling(far, PARAMETERS + ": " + FAR);
    }

    private static ObjectNode withoutNulls(JsonNode node) {
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        node.fields().forEachRemaining(field -> {
            if (!field.getValue().isNull()) {
                copy.set(field.getKey(), field.getValue());
            }
        });
        return copy;
    }

    private void move(ObjectNode from, String name, String field, String origin) {
        if (from.has(name)) {
            config.set(field, from.remove(name));
            origins.put(field, origin + ": " + name);
        }
    }

    private static String type(ObjectNode parameters) {
        return parameters.path(TYPE).asText(parameters.path(OLD_TYPE).asText("default"));
    }

    /** What is left says how positions are stretched. */
    private void putScaling(ObjectNode parameters, String origin) {
        String type = type(parameters);
        parameters.remove(Set.of(TYPE, OLD_TYPE));
        config.remove(SCALING);
        if (type.equals("default") && parameters.isEmpty()) {
            return;
        }
        JsonNode original = config.hasNonNull(ORIGINAL) ? config.get(ORIGINAL) : parameters.path(ORIGINAL);
        if (type.equals("longrope") || type.equals("su")) {
            putOriginal(parameters, original); // transformers 4 looks for it beside the parameters
        } else if (STRETCHED.contains(type)) {
            JsonNode all = config.path("max_position_embeddings");
            JsonNode found = original.isMissingNode() ? all : original;
            if (!found.isMissingNode()) {
                parameters.set(ORIGINAL, found);
            }
        }
        ObjectNode scaling = config.putObject(SCALING).put(TYPE, type);
        scaling.setAll(parameters);
        origins.put(SCALING, origin);
    }

    /** Transformers 4 then takes the ratio of positions for the factor: what another factor means is written out. */
    private void putOriginal(ObjectNode parameters, JsonNode original) {
        parameters.remove(ORIGINAL);
        if (original.isMissingNode()) {
            return;
        }
        config.set(ORIGINAL, original);
        double ratio = config.path("max_position_embeddings").asDouble() / original.asDouble();
        double factor = parameters.path("factor").asDouble(ratio);
        if (factor != ratio && !parameters.has("attention_factor")) {
            parameters.put("attention_factor", RotaryEmbedding.longropeAttention(factor, original.asInt()));
        }
        parameters.remove("factor");
    }

    /** Phi-3 knows one way of stretching, under three names, and transformers 4 allows it these three fields. */
    private void nameAsPhi3() {
        if (!config.path(SCALING).isObject()) {
            return;
        }
        ObjectNode scaling = (ObjectNode) config.path(SCALING);
        String type = type(scaling);
        if (Set.of("su", "yarn", "longrope").contains(type)) {
            scaling.remove(TYPE);
            scaling.put(OLD_TYPE, "longrope");
            if (!config.hasNonNull(ORIGINAL)) {
                config.put(ORIGINAL, PHI3_ORIGINAL);
            }
        }
    }
}
