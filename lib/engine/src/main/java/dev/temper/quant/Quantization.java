package dev.temper.quant;

import dev.temper.kernel.Workspace;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * How the frozen projections of a base are quantized; {@code model.quantization} in the recipe.
 *
 * @param doubleQuant the scales are quantized, too: 4.127 instead of 4.5 bits a weight
 * @param skipModules modules that stay as they are, {@code llm_int8_skip_modules} of transformers; heads and embeddings
 *     always do
 */
public record Quantization(Type type, boolean doubleQuant, List<String> skipModules) {
    /** What the codes stand for. */
    public enum Type {
        NF4
    }

    public Quantization {
        skipModules = List.copyOf(skipModules);
    }

    /** NF4 of everything that can be quantized, its scales quantized, too. */
    public static Quantization nf4() {
        return new Quantization(Type.NF4, true, List.of());
    }

    /**
     * Whether a projection stays as it is, by transformers' rule: its last name is among those to be skipped, or one of
     * them is its whole path or ends a part of the path.
     *
     * @param module such as {@code model.layers.0.self_attn.q_proj}
     */
    public boolean skips(String module) {
        return skipModules.stream().anyMatch(name -> isIn(name, module));
    }

    /** Whether a name in {@link #skipModules} means a module, or one that it is in. */
    public static boolean isIn(String name, String module) {
        String last = module.substring(module.lastIndexOf('.') + 1);
        return last.equals(name) || module.equals(name) || module.contains(name + ".");
    }

    /** @throws dev.temper.check.InvalidInputException naming the tensor, when it holds NaN or infinity */
    public Nf4Tensor quantize(Workspace workspace, Weights weights) {
        return doubleQuant ? Nf4.quantizeDoubly(workspace, weights) : Nf4.quantize(workspace, weights);
    }

    /** Fills the codes of all weights, two to a byte, and returns their scales. */
    Absmax quantize(Weights weights, ByteBuffer codes) {
        return doubleQuant ? Nf4.nestedAbsmax(weights, codes) : Nf4.absmax(weights, codes);
    }

    /** Bytes of so many weights of one tensor, codes and scales. */
    public long bytes(long count) {
        return doubleQuant ? Nf4.bytesDoubly(count) : Nf4.bytes(count);
    }
}
