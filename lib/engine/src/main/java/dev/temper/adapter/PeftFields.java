package dev.temper.adapter;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fields of PEFT's {@code LoraConfig}, up to those of 0.21.2: which are read, which do not change what an adapter
 * computes, and which are refused.
 */
final class PeftFields {
    private static final Set<String> READ = Set.of(
            "alpha_pattern",
            "bias",
            "exclude_modules",
            "init_lora_weights",
            "layers_pattern",
            "layers_to_transform",
            "lora_alpha",
            "lora_bias",
            "lora_dropout",
            "modules_to_save",
            "peft_type",
            "r",
            "rank_pattern",
            "target_modules",
            "task_type",
            "trainable_token_indices",
            "use_dora",
            "use_rslora");

    /** What does not change what an adapter computes: where it came from, how it was started and how it was trained. */
    private static final Set<String> NEUTRAL = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "corda_config",
            "ensure_weight_tying", // both tensors are in the file
            "eva_config",
            "fan_in_fan_out", // PEFT too sets it as the model's weights are stored
            "inference_mode",
            "loftq_config",
            "lora_ga_config",
            "megatron_core",
            "monteclora_config", // draws samples while training
            "peft_version",
            "qalora_group_size", // of use_qalora
            "revision",
            "runtime_config",
            "velora_config"); // estimates gradients while training

    /** What does, and is not computed here. */
    private static final Map<String, String> REFUSED = Map.of(
            "alora_invocation_tokens", "the update counts from these tokens on alone",
            "arrow_config", "each token chooses among several adapters",
            "kasa_config", "the base lost singular values when training began, and a diagonal stands between A and B",
            "layer_replication", "the model is built of copies of the base's layers",
            "megatron_config", "it is for layers of Megatron",
            "target_parameters", "the update is of parameters that belong to no linear layer",
            "use_bdlora", "A or B is block-diagonal",
            "use_qalora", "the update sees means of groups of inputs");

    /** Starts that change nothing but A and B. */
    private static final Set<String> STARTS = Set.of("true", "false", "gaussian", "eva", "orthogonal", "mica");

    /** Starts that change the base, which PEFT can turn into plain LoRA. */
    private static final List<String> CONVERTIBLE = List.of("pissa", "olora", "corda", "lora_ga");

    private static final String MERGING = "merge_and_unload().save_pretrained(FOLDER)";

    private PeftFields() {}

    /** Whether a field has a value that is not the same as none. */
    static boolean isSet(JsonNode value) {
        boolean isEmpty = value.isMissingNode()
                || value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
        return !isEmpty;
    }

    /** @throws dev.temper.check.InvalidInputException naming the first field that we cannot follow, and why */
    static void verify(JsonNode root, String location) {
        Iterator<Map.Entry<String, JsonNode>> fields = root.fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            String name = field.getKey();
            JsonNode value = field.getValue();
            String reason = REFUSED.get(name);
            check(
                    !isSet(value) || reason == null,
                    "%s: %s is not supported: %s, which is not computed here",
                    location,
                    name,
                    reason);
            check(
                    !isSet(value) || READ.contains(name) || NEUTRAL.contains(name),
                    "%s: %s: %s is not supported: PEFT 0.21.2 has no such field, and it may change what the adapter "
                            + "computes",
                    location,
                    name,
                    value);
        }
        verifyStart(root.path("init_lora_weights").asText("true"), location);
    }

    private static void verifyStart(String start, String location) {
        boolean isRepeated = start.startsWith("pissa") || start.equals("olora"); // by PEFT, when it opens the adapter
        check(
                CONVERTIBLE.stream().noneMatch(start::startsWith),
                "%s: init_lora_weights: %s changed the base when training began: open the adapter in PEFT and save it "
                        + "as plain LoRA, save_pretrained(FOLDER, path_initial_model_for_weight_conversion=START), "
                        + "START being the adapter as it was saved before training%s",
                location,
                start,
                isRepeated ? "; or save the base with it, " + MERGING : "");
        check(
                !start.equals("loftq"),
                "%s: init_lora_weights: loftq changed the base when training began: open the adapter in PEFT and save "
                        + "the base with it, %s",
                location,
                MERGING);
        check(STARTS.contains(start), "%s: init_lora_weights: %s is not known", location, start);
    }
}
