package dev.temper.adapter;

import static dev.temper.check.Check.check;

import dev.temper.model.Architecture;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * Which projections get a low-rank update and how large it is; {@code adapter:} in the recipe. Names and meaning are
 * PEFT's; an empty list or map is PEFT's null.
 *
 * @param type {@code lora}
 * @param r rank, the width of the bottleneck; 8 to 64 is usual, memory grows linearly with it
 * @param loraAlpha numerator of the scale {@code loraAlpha / r}; commonly twice the rank
 * @param loraDropout chance of zeroing an input of the update while training, in {@code [0, 1)}
 * @param targetModules names of projections to adapt, such as {@code q_proj}; or {@code all-linear} alone
 * @param excludeModules names of projections to leave alone
 * @param layersToTransform layers to adapt, counted from 0; empty all
 * @param rankPattern module name, or a regular expression of its last parts, to a rank of its own
 * @param alphaPattern the same for {@code loraAlpha}
 * @param useRslora scale by {@code loraAlpha / sqrt(r)}, as rank-stabilized LoRA does
 * @param useDora learn a magnitude per output beside the direction; more accurate at low ranks, and slower
 * @param modulesToSave ends of names of modules, such as {@code lm_head}, that are trained whole and saved beside it
 * @param initLoraWeights {@code true}: A is uniform and B zero; {@code gaussian}: A is normal; {@code false}: neither
 *     is zero
 * @param trainableTokenIndices tokens whose rows of the embedding are trained alone; see {@link TokenChoice}
 * @param initFrom an adapter folder to continue from, ours or PEFT's; the other keys then come from it
 */
public record LoraConfig(
        String type,
        int r,
        double loraAlpha,
        double loraDropout,
        List<String> targetModules,
        List<String> excludeModules,
        List<Integer> layersToTransform,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        boolean useRslora,
        boolean useDora,
        List<String> modulesToSave,
        Object initLoraWeights,
        Object trainableTokenIndices,
        Optional<String> initFrom) {
    /** In {@code targetModules}: every linear map except the output head. */
    public static final String ALL_LINEAR = "all-linear";

    /** In {@code initLoraWeights}. */
    static final String GAUSSIAN = "gaussian";

    public LoraConfig {
        check(type.equals("lora"), "adapter.type must be lora, got %s", type);
        check(r > 0, "adapter.r must be positive, got %d", r);
        check(loraAlpha > 0, "adapter.lora_alpha must be positive, got %s", loraAlpha);
        check(loraDropout >= 0 && loraDropout < 1, "adapter.lora_dropout must be in [0, 1), got %s", loraDropout);
        check(!targetModules.isEmpty(), "adapter.target_modules must name at least one projection");
        layersToTransform.forEach(
                layer -> check(layer >= 0, "adapter.layers_to_transform must be 0 or more, got %d", layer));
        rankPattern.forEach(
                (name, rank) -> check(rank > 0, "adapter.rank_pattern.%s must be positive, got %d", name, rank));
        alphaPattern.forEach(
                (name, alpha) -> check(alpha > 0, "adapter.alpha_pattern.%s must be positive, got %s", name, alpha));
        check(
                initLoraWeights instanceof Boolean || initLoraWeights.equals(GAUSSIAN),
                "adapter.init_lora_weights must be true, false or gaussian, got %s",
                initLoraWeights);
        TokenChoice.verify(trainableTokenIndices);
        targetModules = List.copyOf(targetModules);
        excludeModules = List.copyOf(excludeModules);
        layersToTransform = List.copyOf(layersToTransform);
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        modulesToSave = List.copyOf(modulesToSave);
    }

    /** The usual kind: one rank for all targets, nothing else trained. */
    public static LoraConfig of(int r, double loraAlpha, double loraDropout, List<String> targetModules) {
        return new LoraConfig(
                "lora",
                r,
                loraAlpha,
                loraDropout,
                targetModules,
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                false,
                List.of(),
                true,
                List.of(),
                Optional.empty());
    }

    /**
     * The same with the ids of the tokens whose rows are trained.
     *
     * @param added ids of the tokens of {@code model.add_tokens}
     * @param idOf the id of a token; empty where the tokenizer has none
     * @throws dev.temper.check.InvalidInputException when the tokenizer does not have a token
     */
    public LoraConfig withTokens(List<Integer> added, Function<String, OptionalInt> idOf, Architecture architecture) {
        String embedding = architecture.tokenEmbedding().module();
        boolean hasOneTable = architecture.isTied() || architecture.classifier().isPresent();
        Object ids = TokenChoice.resolved(
                trainableTokenIndices, added, idOf, hasOneTable, embedding.substring(embedding.lastIndexOf('.') + 1));
        return new LoraConfig(
                type,
                r,
                loraAlpha,
                loraDropout,
                targetModules,
                excludeModules,
                layersToTransform,
                rankPattern,
                alphaPattern,
                useRslora,
                useDora,
                modulesToSave,
                initLoraWeights,
                ids,
                initFrom);
    }

    /** Whether rows for some tokens are trained alone. */
    public boolean trainsTokens() {
        return !TokenChoice.isNone(trainableTokenIndices);
    }

    boolean isAllLinear() {
        return targetModules.equals(List.of(ALL_LINEAR));
    }
}
