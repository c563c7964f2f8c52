package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * {@code adapter_config.json} as PEFT writes and reads it.
 *
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/lora/config.py">reference</a>
 */
public final class AdapterFile {
    private static final String CAUSAL = Task.CAUSAL_LM.peftType();
    private static final String CLASSIFIES = Task.SEQUENCE_CLASSIFICATION.peftType();
    private static final String NO_TASK = "null";
    private static final int DEFAULT = 8; // PEFT's rank and alpha
    static final String CONFIG = "adapter_config.json";
    private static final String PEFT_VERSION = "0.18.0"; // whose fields these are
    private static final String HEAD = ".*\\.(score|classifier|classifier\\.out_proj)\\.weight";
    private static final ObjectMapper JSON = new ObjectMapper();

    private AdapterFile() {}

    /**
     * Reads the config of an adapter folder, and what tensors it holds.
     *
     * @throws dev.temper.check.InvalidInputException when there is none, or a field asks for what we do not implement
     */
    public static PeftConfig read(Folder folder) throws IOException {
        ObjectNode root = json(folder);
        String location = folder.location(CONFIG);
        String type = root.path("peft_type").asText("none");
        check(type.equals("LORA"), "%s: peft_type: %s is not supported, only LORA", location, type);
        String task = root.path("task_type").asText(NO_TASK);
        check(
                List.of(CAUSAL, CLASSIFIES, NO_TASK).contains(task),
                "%s: task_type: %s is not supported, only %s and %s",
                location,
                root.path("task_type"),
                CAUSAL,
                CLASSIFIES);
        PeftFields.verify(root, location);
        LoraConfig lora = lora(root, location);
        String bias = root.path("bias").asText("none");
        check(
                List.of("none", "all", "lora_only").contains(bias),
                "%s: bias must be none, all or lora_only, got %s",
                location,
                bias);
        return new PeftConfig(
                lora,
                lora.isAllLinear() ? ModuleNames.none() : names(root, "target_modules", location),
                names(root, "exclude_modules", location),
                strings(root.path("layers_pattern")).stream()
                        .map(pattern -> ModuleNames.end(pattern, location + ": layers_pattern"))
                        .toList(),
                PeftConfig.Bias.valueOf(bias.toUpperCase(Locale.ROOT)),
                root.path("lora_bias").asBoolean(false),
                Optional.of(TensorIndex.read(folder, LoraAdapter.NAME)),
                Optional.of(root));
    }

    private static ObjectNode json(Folder folder) throws IOException {
        String location = folder.location(CONFIG);
        if (!folder.has(CONFIG)) {
            Folder inside = folder.child("adapter"); // of a run's output
            String hint = inside.has(CONFIG) ? "; name " + inside.location() : "";
            throw invalid("%s is no adapter folder: there is no %s%s", folder.location(), CONFIG, hint);
        }
        try {
            JsonNode root = JSON.readTree(UntrustedFile.text(folder, CONFIG));
            check(root.isObject(), "%s is damaged: it is no JSON object", location);
            return (ObjectNode) root;
        } catch (JsonProcessingException e) {
            throw invalid(
                    "%s is damaged: it is not JSON (%s)", location, Printable.parserMessage(e.getOriginalMessage()));
        }
    }

    /** The settings that a recipe has, too. */
    private static LoraConfig lora(JsonNode root, String location) {
        for (String name : List.of("r", "lora_alpha")) {
            JsonNode value = root.path(name);
            check(
                    value.isMissingNode() || value.asDouble() > 0,
                    "%s: %s must be positive, got %s",
                    location,
                    name,
                    value);
        }
        String start = root.path("init_lora_weights").asText("true");
        List<Integer> layers = layers(root, location);
        check(
                layers.isEmpty() || !root.path("target_modules").isTextual(),
                "%s: layers_to_transform needs a list of names in target_modules, as in PEFT",
                location);
        check(
                !root.path("modules_to_save").isTextual(),
                "%s: modules_to_save must be a list of names, got %s",
                location,
                root.path("modules_to_save"));
        return new LoraConfig(
                "lora",
                root.path("r").asInt(DEFAULT),
                root.path("lora_alpha").asDouble(DEFAULT),
                root.path("lora_dropout").asDouble(0),
                targets(root.path("target_modules")),
                strings(root.path("exclude_modules")),
                layers,
                pattern(root, "rank_pattern", location, JsonNode::asInt),
                pattern(root, "alpha_pattern", location, JsonNode::asDouble),
                root.path("use_rslora").asBoolean(false),
                root.path("use_dora").asBoolean(false),
                strings(root.path("modules_to_save")).stream().distinct().toList(),
                start.equals(LoraConfig.GAUSSIAN) ? start : (Object) !start.equals("false"),
                tokens(root.path("trainable_token_indices"), location),
                Optional.empty());
    }

    /** What a recipe would say; PEFT's own choice for the model where nothing is said. */
    private static List<String> targets(JsonNode node) {
        if (node.isNull() || node.isMissingNode()) {
            return List.of(LoraTargets.USUAL);
        }
        boolean isAll = node.isTextual() && node.asText().equalsIgnoreCase(LoraConfig.ALL_LINEAR);
        return isAll ? List.of(LoraConfig.ALL_LINEAR) : strings(node);
    }

    /**
     * As {@link #read(Folder)}, for a task. An adapter whose config does not say what it was made for is for all.
     *
     * @throws dev.temper.check.InvalidInputException when it is for another task, too
     */
    public static PeftConfig read(Folder folder, ModelTask task) throws IOException {
        PeftConfig config = read(folder);
        JsonNode written = json(folder).path("task_type");
        check(
                written.isNull()
                        || written.isMissingNode()
                        || written.asText().equals(task.kind().peftType()),
                "%s: task_type: %s: the adapter was made for another task than model.task: %s, which is %s in PEFT",
                folder.location(CONFIG),
                written,
                task.kind().name().toLowerCase(Locale.ROOT),
                task.kind().peftType());
        return config;
    }

    /**
     * Classes of the head that an adapter brings; empty for one without a head.
     *
     * @throws dev.temper.check.InvalidInputException when there are no weights, or they are damaged
     */
    public static OptionalInt numLabels(Folder folder) throws IOException {
        return TensorIndex.read(folder, LoraAdapter.NAME).tensors().values().stream()
                .filter(tensor -> tensor.name().matches(HEAD) && tensor.shape().length == 2)
                .mapToInt(tensor -> (int) Math.min(tensor.shape()[0], Integer.MAX_VALUE))
                .findFirst();
    }

    /** A list of names, or one regular expression. */
    private static ModuleNames names(JsonNode root, String field, String location) {
        JsonNode node = root.path(field);
        return node.isTextual()
                ? ModuleNames.matching(node.asText(), location + ": " + field)
                : ModuleNames.of(strings(node));
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

    private static Object tokens(JsonNode node, String location) {
        if (node.isNull() || node.isMissingNode()) {
            return List.of();
        }
        boolean areIds = true;
        for (JsonNode list : node.isArray() ? List.of(node) : node) {
            for (JsonNode id : list) {
                areIds &= id.canConvertToInt() && id.isIntegralNumber();
            }
        }
        check(
                areIds && node.isContainerNode(),
                "%s: trainable_token_indices must be a list of ids, or a mapping from modules to such lists, got %s",
                location,
                node);
        return JSON.convertValue(node, Object.class);
    }

    /** Of a list, or of one text. */
    private static List<String> strings(JsonNode node) {
        List<String> strings = new ArrayList<>();
        node.forEach(item -> strings.add(item.asText()));
        if (node.isTextual()) {
            strings.add(node.asText());
        }
        return strings;
    }

    /**
     * What the config of a folder says beside its {@link LoraConfig}.
     *
     * @param targets module names, without all-linear
     * @param modulesToSave ends of names of modules, with those that PEFT adds by itself
     * @param isFanInFanOut the base's matrices are stored {@code (I, O)}
     * @param beside an expression of modules that the model has and we do not: PEFT would find targets among them
     * @param base where the base came from; null for none
     */
    record Written(
            List<String> targets,
            List<String> modulesToSave,
            boolean isFanInFanOut,
            ModelTask task,
            Optional<String> beside,
            String base) {}

    /** Writes the config: of an adapter that was trained on, all that it said before. */
    static void write(Folder folder, PeftConfig config, Written written) throws IOException {
        ObjectNode root = config.source().map(ObjectNode::deepCopy).orElseGet(() -> fresh(config.lora(), written));
        root.put("base_model_name_or_path", written.base()).put("inference_mode", true);
        putList(root, "modules_to_save", written.modulesToSave());
        if (root.path("target_modules").isArray()) {
            strings(root.path("target_modules")).stream().sorted().forEach(root.putArray("target_modules")::add);
        }
        folder.writeText(CONFIG, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    /** All fields that PEFT writes. */
    private static ObjectNode fresh(LoraConfig config, Written written) {
        ObjectNode root = JSON.createObjectNode();
        root.putNull("alora_invocation_tokens");
        ObjectNode alphas = root.putObject("alpha_pattern");
        config.alphaPattern().forEach((name, alpha) -> putAlpha(alphas, name, alpha));
        root.putNull("arrow_config").putNull("auto_mapping");
        root.put("bias", "none");
        root.putNull("corda_config").put("ensure_weight_tying", false).putNull("eva_config");
        putList(root, "exclude_modules", config.excludeModules());
        if (config.excludeModules().isEmpty()) {
            written.beside().ifPresent(modules -> root.put("exclude_modules", modules));
        }
        root.put("fan_in_fan_out", written.isFanInFanOut());
        root.set("init_lora_weights", JSON.valueToTree(config.initLoraWeights()));
        root.putNull("layer_replication").putNull("layers_pattern");
        putList(root, "layers_to_transform", config.layersToTransform());
        root.putObject("loftq_config");
        putAlpha(root, "lora_alpha", config.loraAlpha());
        root.put("lora_bias", false).put("lora_dropout", config.loraDropout()).putNull("megatron_config");
        root.put("megatron_core", "megatron.core");
        root.put("peft_type", "LORA").put("peft_version", PEFT_VERSION);
        root.put("qalora_group_size", 16).put("r", config.r());
        root.set("rank_pattern", JSON.valueToTree(config.rankPattern()));
        root.putNull("revision");
        written.targets().forEach(root.putArray("target_modules")::add);
        root.putNull("target_parameters").put("task_type", written.task().kind().peftType());
        root.set(
                "trainable_token_indices",
                config.trainsTokens() ? JSON.valueToTree(config.trainableTokenIndices()) : null);
        root.put("use_dora", config.useDora()).put("use_qalora", false).put("use_rslora", config.useRslora());
        return root;
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
