package dev.temper.plan;

import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.WeightPlacement;
import java.util.OptionalLong;

/** What {@code get_memory_footprint()} of transformers says of a model, to compare with. */
final class TransformersFootprint {
    private TransformersFootprint() {}

    /**
     * Of a quantized base: codes, everything else in 16 bits, the buffers of the rotary positions, and no absmax. Empty
     * when nothing is quantized, and for models without rotary positions, whose masks transformers counts.
     */
    static OptionalLong of(WeightPlacement placement) {
        Architecture architecture = placement.architecture();
        if (placement.quantization().isEmpty() || architecture.rotary().isEmpty()) {
            return OptionalLong.empty();
        }
        boolean isThirdGemma = architecture.modelType().startsWith("gemma3"); // its embed_scale is a buffer, too
        long buffers = architecture.rotary().get().frequencies() + (isThirdGemma ? 1L : 0L);
        long bytes = Float.BYTES * buffers;
        for (Parameter parameter : architecture.parameters()) { // transformers has codes of what is trained whole, too
            long count = parameter.shape().size();
            bytes += placement.isCovered(parameter) ? (count + 1) / 2 : Short.BYTES * count;
        }
        return OptionalLong.of(bytes);
    }
}
