package dev.temper.adapter;

import static dev.temper.check.Check.check;

import java.util.List;
import java.util.Optional;

/**
 * Which projections get a low-rank update and how large it is; {@code adapter:} in the recipe.
 *
 * @param type {@code lora}
 * @param r rank, the width of the bottleneck; 8 to 64 is usual, memory grows linearly with it
 * @param loraAlpha numerator of the scale {@code loraAlpha / r}; commonly twice the rank
 * @param loraDropout chance of zeroing an input of the update while training, in {@code [0, 1)}
 * @param targetModules names of projections to adapt, such as {@code q_proj}; or {@code all-linear} alone
 * @param useRslora scale by {@code loraAlpha / sqrt(r)}, as rank-stabilized LoRA does
 * @param initFrom an adapter folder to continue from, ours or PEFT's; the other keys then come from it
 */
public record LoraConfig(
        String type,
        int r,
        double loraAlpha,
        double loraDropout,
        List<String> targetModules,
        boolean useRslora,
        Optional<String> initFrom) {
    /** In {@code targetModules}: every linear map except the output head. */
    public static final String ALL_LINEAR = "all-linear";

    public LoraConfig {
        check(type.equals("lora"), "adapter.type must be lora, got %s", type);
        check(r > 0, "adapter.r must be positive, got %d", r);
        check(loraAlpha > 0, "adapter.lora_alpha must be positive, got %s", loraAlpha);
        check(loraDropout >= 0 && loraDropout < 1, "adapter.lora_dropout must be in [0, 1), got %s", loraDropout);
        check(!targetModules.isEmpty(), "adapter.target_modules must name at least one projection");
        targetModules = List.copyOf(targetModules);
    }

    /** What the update is multiplied by. */
    public double scale() {
        return loraAlpha / (useRslora ? Math.sqrt(r) : r);
    }
}
