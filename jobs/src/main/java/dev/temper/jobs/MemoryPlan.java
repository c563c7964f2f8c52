package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Architecture;
import dev.temper.model.ModelWeights;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.quant.Quantization;
import dev.temper.track.TextTable;
import dev.temper.train.TrainingConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What one worker of a run holds, activations apart; from the model's architecture alone.
 *
 * @param adapter what is trained beside the base; empty: the base is trained
 * @param quantization how the frozen projections are kept; empty: in full precision
 * @param isTrained which parameters of the base are trained themselves, and so are not quantized
 */
record MemoryPlan(
        Architecture architecture,
        List<Spec> adapter,
        Optional<Quantization> quantization,
        Predicate<Parameter> isTrained,
        TrainingConfig training) {
    private static final double MILLION = 1e6;

    long parameters() {
        return architecture.parameterCount() + elements(adapter);
    }

    private List<Spec> trained() {
        return adapter.isEmpty() ? ModelWeights.specs(architecture) : adapter;
    }

    long trainable() {
        return elements(trained());
    }

    private static long elements(List<Spec> specs) {
        return specs.stream().mapToLong(Spec::elements).sum();
    }

    private boolean isQuantized(Parameter parameter) {
        return quantization.isPresent() && parameter.isProjection() && !isTrained.test(parameter);
    }

    private long sum(Predicate<Parameter> which) {
        return architecture.parameters().stream()
                .filter(which)
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }

    /** Codes and scales. */
    private long quantizedBytes() {
        return architecture.parameters().stream()
                .filter(this::isQuantized)
                .mapToLong(parameter ->
                        quantization.orElseThrow().bytes(parameter.shape().size()))
                .sum();
    }

    private long denseBytes() {
        return Float.BYTES * (sum(parameter -> !isQuantized(parameter)) + elements(adapter));
    }

    /** Base and adapter. */
    long weightBytes() {
        return quantizedBytes() + denseBytes();
    }

    long gradientBytes() {
        return Float.BYTES * trainable();
    }

    long optimizerBytes() {
        return trained().stream()
                .mapToLong(spec -> training.optim().bytes(spec))
                .sum();
    }

    /**
     * The dense matrices of quantized projections while gradients are computed: with checkpointing all layers share one
     * of each, without it every layer keeps its own.
     */
    long dequantizedBytes() {
        if (!training.gradientCheckpointing()) {
            return Float.BYTES * sum(this::isQuantized);
        }
        Map<String, Long> once = architecture.parameters().stream()
                .filter(this::isQuantized)
                .collect(Collectors.toMap(
                        parameter -> parameter.key() + parameter.shape(),
                        parameter -> parameter.shape().size(),
                        (one, same) -> one));
        return Float.BYTES * once.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * What {@code get_memory_footprint()} of transformers says of the quantized base: codes, everything else in 16
     * bits, the buffers of the rotary positions, and no absmax. Empty when nothing is quantized, and for models without
     * rotary positions, whose masks transformers counts.
     */
    OptionalLong transformersFootprint() {
        if (quantization.isEmpty() || architecture.rotary().isEmpty()) {
            return OptionalLong.empty();
        }
        long codes = architecture.parameters().stream()
                .filter(Parameter::isProjection)
                .mapToLong(parameter -> (parameter.shape().size() + 1) / 2)
                .sum();
        boolean isThirdGemma = architecture.modelType().startsWith("gemma3"); // its embed_scale is a buffer, too
        long buffers = architecture.rotary().get().frequencies() + (isThirdGemma ? 1L : 0L);
        return OptionalLong.of(
                codes + Short.BYTES * sum(parameter -> !parameter.isProjection()) + Float.BYTES * buffers);
    }

    ObjectNode json() {
        ObjectNode plan = new ObjectMapper().createObjectNode();
        plan.put("model_type", architecture.modelType());
        plan.putObject("parameters").put("total", parameters()).put("trainable", trainable());
        ObjectNode bytes = plan.putObject("bytes");
        bytes.put("weights", weightBytes());
        if (quantization.isPresent()) {
            bytes.put("quantized", quantizedBytes());
            bytes.put("dense", denseBytes());
            bytes.put("dequantized", dequantizedBytes());
            bytes.put(
                    "transformers_get_memory_footprint", transformersFootprint().orElseThrow());
        }
        bytes.put("gradients", gradientBytes()).put("optimizer", optimizerBytes());
        return plan;
    }

    /** As people read it. */
    String text() {
        TextTable table = new TextTable(60, "what", "size", "bytes");
        table.add("model type", architecture.modelType(), "");
        table.add("parameters", String.format(Locale.ROOT, "%,d", parameters()), "");
        table.add("trainable", String.format(Locale.ROOT, "%,d", trainable()), "");
        add(table, "weights", weightBytes());
        if (quantization.isPresent()) {
            Quantization by = quantization.get();
            String name = by.type().name().toLowerCase(Locale.ROOT) + (by.doubleQuant() ? ", double quantization" : "");
            add(table, "- codes and scales (" + name + ")", quantizedBytes());
            add(table, "- float32: all else, and the adapter", denseBytes());
            add(
                    table,
                    training.gradientCheckpointing()
                            ? "dense matrices of one layer"
                            : "dense matrices of all layers, without gradient_checkpointing",
                    dequantizedBytes());
        }
        add(table, "gradients", gradientBytes());
        add(table, "optimizer", optimizerBytes());
        String share = String.format(
                Locale.ROOT,
                "%.2fM trainable of %.2fM (%.2f %%)%n",
                trainable() / MILLION,
                parameters() / MILLION,
                100.0 * trainable() / parameters());
        String footprint = transformersFootprint().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "as transformers' get_memory_footprint counts the quantized base (no absmax, all else in 16"
                                + " bits): %,d bytes%n",
                        transformersFootprint().getAsLong());
        return share + table + footprint;
    }

    private static void add(TextTable table, String what, long bytes) {
        table.add(
                what,
                String.format(Locale.ROOT, "%,.1f MiB", bytes / 1048576.0),
                String.format(Locale.ROOT, "%,d", bytes));
    }
}
