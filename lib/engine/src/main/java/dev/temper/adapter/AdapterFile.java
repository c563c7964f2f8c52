package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code adapter_config.json} as PEFT writes and reads it.
 *
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/lora/config.py">reference</a>
 */
public final class AdapterFile {
    static final String CONFIG = "adapter_config.json";
    private static final String PEFT_VERSION = "0.18.0"; // whose fields these are
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> READ =
            Set.of("peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora");
    /** What does not change what an adapter computes. */
    private static final Set<String> NEUTRAL = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "fan_in_fan_out", // PEFT too sets it as the model's weights are stored
            "inference_mode",
            "init_lora_weights",
            "loftq_config",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config");

    private AdapterFile() {}

    /**
     * Reads the config of an adapter folder.
     *
     * @throws dev.temper.check.InvalidInputException when there is none, or a field asks for what we do not implement
     */
    public static LoraConfig read(Folder folder) throws IOException {
        String location = folder.location(CONFIG);
        check(folder.has(CONFIG), "%s is no adapter folder: there is no %s", folder.location(), CONFIG);
        JsonNode root;
        try {
            root = JSON.readTree(folder.readText(CONFIG));
        } catch (JsonProcessingException e) {
            throw invalid("%s is damaged: it is not JSON (%s)", location, e.getOriginalMessage());
        }
        String type = root.path("peft_type").asText("none");
        check(type.equals("LORA"), "%s: peft_type: %s is not supported, only LORA", location, type);
        check(
                root.path("task_type").asText("CAUSAL_LM").equals("CAUSAL_LM")
                        || root.path("task_type").isNull(),
                "%s: task_type: %s is not supported, only CAUSAL_LM",
                location,
                root.path("task_type"));
        refuseOthers(root, location);
        for (String name : List.of("r", "lora_alpha")) {
            JsonNode value = root.path(name);
            check(value.asDouble() > 0, "%s: %s must be positive, got %s", location, name, value);
        }
        return new LoraConfig(
                "lora",
                root.path("r").asInt(),
                root.path("lora_alpha").asDouble(),
                root.path("lora_dropout").asDouble(0),
                targets(root.path("target_modules"), location),
                root.path("use_rslora").asBoolean(false),
                Optional.empty());
    }

    private static List<String> targets(JsonNode node, String location) {
        check(
                node.isArray() || node.asText().equals(LoraConfig.ALL_LINEAR),
                "%s: target_modules: %s is not supported, only a list of names",
                location,
                node);
        if (!node.isArray()) {
            return List.of(LoraConfig.ALL_LINEAR);
        }
        List<String> names = new ArrayList<>();
        node.forEach(name -> names.add(name.asText()));
        return names;
    }

    private static void refuseOthers(JsonNode root, String location) {
        Iterator<Map.Entry<String, JsonNode>> fields = root.fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            String name = field.getKey();
            JsonNode value = field.getValue();
            boolean empty = value.isNull()
                    || (value.isBoolean() && !value.booleanValue())
                    || (value.isContainerNode() && value.isEmpty())
                    || (name.equals("bias") && value.asText().equals("none"))
                    || name.equals("task_type");
            check(
                    empty || READ.contains(name) || NEUTRAL.contains(name),
                    "%s: %s: %s is not supported",
                    location,
                    name,
                    value);
        }
    }

    /**
     * What the config of a folder says beside its {@link LoraConfig}.
     *
     * @param targets module names, without all-linear
     * @param isFanInFanOut the base's matrices are stored {@code (I, O)}
     * @param base where the base came from; null for none
     */
    record Written(List<String> targets, boolean isFanInFanOut, String base) {}

    /** Writes the config with all fields that PEFT writes. */
    static void write(Folder folder, LoraConfig config, Written written) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.putNull("alora_invocation_tokens");
        root.putObject("alpha_pattern");
        root.putNull("arrow_config").putNull("auto_mapping");
        root.put("base_model_name_or_path", written.base()).put("bias", "none");
        root.putNull("corda_config").put("ensure_weight_tying", false).putNull("eva_config");
        root.putNull("exclude_modules")
                .put("fan_in_fan_out", written.isFanInFanOut())
                .put("inference_mode", true);
        root.put("init_lora_weights", true).putNull("layer_replication").putNull("layers_pattern");
        root.putNull("layers_to_transform").putObject("loftq_config");
        putAlpha(root, config.loraAlpha());
        root.put("lora_bias", false).put("lora_dropout", config.loraDropout()).putNull("megatron_config");
        root.put("megatron_core", "megatron.core").putNull("modules_to_save").put("peft_type", "LORA");
        root.put("peft_version", PEFT_VERSION).put("qalora_group_size", 16).put("r", config.r());
        root.putObject("rank_pattern");
        root.putNull("revision");
        written.targets().stream().sorted().forEach(root.putArray("target_modules")::add);
        root.putNull("target_parameters").put("task_type", "CAUSAL_LM").putNull("trainable_token_indices");
        root.put("use_dora", false).put("use_qalora", false).put("use_rslora", config.useRslora());
        folder.writeText(CONFIG, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    private static void putAlpha(ObjectNode root, double alpha) {
        if (alpha == Math.rint(alpha)) {
            root.put("lora_alpha", (long) alpha);
        } else {
            root.put("lora_alpha", alpha);
        }
    }
}
