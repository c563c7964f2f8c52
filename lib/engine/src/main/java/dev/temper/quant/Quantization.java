package dev.temper.quant;

import dev.temper.kernel.Workspace;
import java.nio.ByteBuffer;

/**
 * How the frozen projections of a base are kept; {@code model.quantization} in the recipe.
 *
 * @param doubleQuant the scales are quantized, too: 4.127 instead of 4.5 bits a weight
 */
public record Quantization(Type type, boolean doubleQuant) {
    /** What the codes stand for. */
    public enum Type {
        NF4
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
