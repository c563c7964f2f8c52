package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Task;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * {@code adapter_config.json} as PEFT writes and reads it.
 *
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/lora/config.py">reference</a>
 */
public final class AdapterFile {
    private static final String CAUSAL = "CAUSAL_LM";
    private static final String CLASSIFIES = "SEQ_CLS";
    static final String CONFIG = "adapter_config.json";
    private static final String PEFT_VERSION = "0.18.0"; // whose fields these are
    private static final String HEAD = ".*\\.(score|classifier|classifier\\.out_proj)\\.weight";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> READ = Set.of(
            "peft_type",
            "r",
            "lora_alpha",
            "lora_dropout",
            "target_modules",
            "exclude_modules",
            "layers_to_transform",
            "rank_pattern",
            "alpha_pattern",
            "use_rslora",
            "use_dora",
            "modules_to_save",
            "init_lora_weights");
    /** Ways to start that change nothing but A and B; others, such as pissa, change the base too. */
    private static final Set<String> STARTS = Set.of("true", "false", "gaussian", "eva", "orthogonal");
    /** What does not change what an adapter computes. */
    private static final Set<String> NEUTRAL = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "fan_in_fan_out", // PEFT too sets it as the model's weights are stored
            "inference_mode",
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
        JsonNode task = root.path("task_type");
        check(
                task.isNull()
                        || task.isMissingNode()
                        || List.of(CAUSAL, CLASSIFIES).contains(task.asText()),
                "%s: task_type: %s is not supported, only %s and %s",
                location,
                task,
                CAUSAL,
                CLASSIFIES);
        refuseOthers(root, location);
        for (String name : List.of("r", "lora_alpha")) {
            JsonNode value = root.path(name);
            check(value.asDouble() > 0, "%s: %s must be positive, got %s", location, name, value);
        }
        String start = root.path("init_lora_weights").asText("true");
        check(
                STARTS.contains(start),
                "%s: init_lora_weights: %s is not supported: it changes the base too; convert the adapter with PEFT's "
                        + "path_initial_model_for_weight_conversion",
                location,
                start);
        return new LoraConfig(
                "lora",
                root.path("r").asInt(),
                root.path("lora_alpha").asDouble(),
                root.path("lora_dropout").asDouble(0),
                targets(root.path("target_modules"), location),
                names(root, "exclude_modules", location),
                layers(root, location),
                pattern(root, "rank_pattern", location, JsonNode::asInt),
                pattern(root, "alpha_pattern", location, JsonNode::asDouble),
                root.path("use_rslora").asBoolean(false),
                root.path("use_dora").asBoolean(false),
                names(root, "modules_to_save", location),
                start.equals(LoraConfig.GAUSSIAN) ? start : (Object) !start.equals("false"),
                Optional.empty());
    }

    /**
     * As {@link #read(Folder)}, for a task. An adapter whose config does not say what it was made for is for all.
     *
     * @throws dev.temper.check.InvalidInputException when it is for another task, too
     */
    public static LoraConfig read(Folder folder, Task task) throws IOException {
        LoraConfig config = read(folder);
        JsonNode written = JSON.readTree(folder.readText(CONFIG)).path("task_type");
        check(
                written.isNull() || written.isMissingNode() || written.asText().equals(type(task)),
                "%s: task_type: %s: the adapter was made for another task than model.task: %s, which is %s in PEFT",
                folder.location(CONFIG),
                written,
                task.kind().name().toLowerCase(Locale.ROOT),
                type(task));
        return config;
    }

    /**
     * Classes of the head that an adapter brings; empty for one without a head.
     *
     * @throws dev.temper.check.InvalidInputException when there are no weights, or they are damaged
     */
    public static OptionalInt numLabels(Folder folder) throws IOException {
        return TensorIndex.read(folder, LoraAdapter.NAME).tensors().values().stream()
                .filter(tensor -> tensor.name().matches(HEAD))
                .mapToInt(tensor -> Math.toIntExact(tensor.shape()[0]))
                .findFirst();
    }

    /** What PEFT calls a task. */
    private static String type(Task task) {
        return task.isCausal() ? CAUSAL : CLASSIFIES;
    }

    /** A list without its repetitions, which PEFT writes into it at times. */
    private static List<String> names(JsonNode root, String field, String location) {
        JsonNode node = root.path(field);
        boolean isList = node.isArray() || node.isNull() || node.isMissingNode();
        check(isList, "%s: %s: %s is not supported, only a list of names", location, field, node);
        return strings(node).stream().distinct().toList();
    }

    private static List<Integer> layers(JsonNode root, String location) {
        JsonNode node = root.path("layers_to_transform");
        List<JsonNode> items = node.isIntegralNumber() ? List.of(node) : new ArrayList<>();
        if (!node.isIntegralNumber()) {
            node.forEach(items::add);
        }
        check(
                items.stream().allMatch(JsonNode::isIntegralNumber),
                "%s: layers_to_transform must be a list of numbers, got %s",
                location,
                node);
        return items.stream().map(JsonNode::intValue).toList();
    }

    private static <T> Map<String, T> pattern(
            JsonNode root, String field, String location, Function<JsonNode, T> value) {
        Map<String, T> pattern = new LinkedHashMap<>();
        root.path(field).fields().forEachRemaining(entry -> {
            boolean isPositive = entry.getValue().asDouble() > 0;
            check(isPositive, "%s: %s.%s must be positive, got %s", location, field, entry.getKey(), entry.getValue());
            pattern.put(entry.getKey(), value.apply(entry.getValue()));
        });
        return pattern;
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
        return strings(node);
    }

    private static List<String> strings(JsonNode list) {
        List<String> strings = new ArrayList<>();
        list.forEach(item -> strings.add(item.asText()));
        return strings;
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
     * @param modulesToSave ends of names of modules, with those that PEFT adds by itself
     * @param isFanInFanOut the base's matrices are stored {@code (I, O)}
     * @param base where the base came from; null for none
     */
    record Written(List<String> targets, List<String> modulesToSave, boolean isFanInFanOut, Task task, String base) {}

    /** Writes the config with all fields that PEFT writes. */
    static void write(Folder folder, LoraConfig config, Written written) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.putNull("alora_invocation_tokens");
        ObjectNode alphas = root.putObject("alpha_pattern");
        config.alphaPattern().forEach((name, alpha) -> putAlpha(alphas, name, alpha));
        root.putNull("arrow_config").putNull("auto_mapping");
        root.put("base_model_name_or_path", written.base()).put("bias", "none");
        root.putNull("corda_config").put("ensure_weight_tying", false).putNull("eva_config");
        putList(root, "exclude_modules", config.excludeModules());
        root.put("fan_in_fan_out", written.isFanInFanOut()).put("inference_mode", true);
        root.set("init_lora_weights", JSON.valueToTree(config.initLoraWeights()));
        root.putNull("layer_replication").putNull("layers_pattern");
        putList(root, "layers_to_transform", config.layersToTransform());
        root.putObject("loftq_config");
        putAlpha(root, "lora_alpha", config.loraAlpha());
        root.put("lora_bias", false).put("lora_dropout", config.loraDropout()).putNull("megatron_config");
        root.put("megatron_core", "megatron.core");
        putList(root, "modules_to_save", written.modulesToSave());
        root.put("peft_type", "LORA").put("peft_version", PEFT_VERSION);
        root.put("qalora_group_size", 16).put("r", config.r());
        root.set("rank_pattern", JSON.valueToTree(config.rankPattern()));
        root.putNull("revision");
        written.targets().stream().sorted().forEach(root.putArray("target_modules")::add);
        root.putNull("target_parameters").put("task_type", type(written.task())).putNull("trainable_token_indices");
        root.put("use_dora", config.useDora()).put("use_qalora", false).put("use_rslora", config.useRslora());
        folder.writeText(CONFIG, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    private static void putList(ObjectNode root, String name, List<?> list) {
        root.set(name, list.isEmpty() ? null : JSON.valueToTree(list));
    }

    private static void putAlpha(ObjectNode root, String name, double alpha) {
        if (alpha == Math.rint(alpha)) {
            root.put(name, (long) alpha);
        } else {
            root.put(name, alpha);
        }
    }
}
