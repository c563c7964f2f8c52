package dev.temper.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Activations;
import dev.temper.quant.Quantization;
import dev.temper.track.TextTable;
import dev.temper.train.rows.MappedRows;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A plan as people and programs read it.
 *
 * @param time of an update; empty: not measured
 */
public record PlanTable(MemoryPlan plan, GivenMemory given, Optional<UpdateTime> time) {
    private static final double MILLION = 1e6;

    public ObjectNode json() {
        ObjectNode tree = new ObjectMapper().createObjectNode();
        tree.put("model_type", plan.architecture().modelType());
        tree.putObject("parameters").put("total", plan.parameters()).put("trainable", plan.trainable());
        ObjectNode bytes = tree.putObject("bytes");
        bytes.put("weights", plan.weightBytes())
                .put("weights_mapped", plan.mappedWeightBytes())
                .put("weights_held", plan.weightBytes() - plan.mappedWeightBytes())
                .put("adapter", adapterBytes())
                .put("copies", plan.copyBytes())
                .put("dequantized", plan.dequantizedBytes());
        if (plan.quantization().isPresent()) {
            bytes.put("quantized", plan.quantizedBytes()).put("dense", plan.denseBytes());
            TransformersFootprint.of(plan.placement())
                    .ifPresent(count -> bytes.put("transformers_get_memory_footprint", count));
        }
        Activations activations = activations();
        bytes.put("gradients", plan.gradientBytes())
                .put("optimizer", plan.optimizerBytes())
                .put("activations", activations.inputs() + activations.recorded() + activations.layer())
                .put("loss", activations.loss())
                .put("kept", activations.fragments())
                .put("quantizing", plan.quantizingBytes())
                .put("compiled", plan.compiledBytes())
                .put("process", MemoryPlan.PROCESS_BYTES)
                .put("rows", plan.settings().rowsBytes())
                .put("rows_per_token", MappedRows.TOKEN_BYTES)
                .put("rows_per_row", MappedRows.ROW_BYTES)
                .put("mapped", plan.mappedBytes())
                .put("peak", plan.peak());
        ObjectNode batch = tree.putObject("micro_batch");
        batch.put("tokens", plan.settings().tokens())
                .put("row_tokens", plan.settings().rowTokens())
                .put("largest_rows", plan.largestRows(given.bytes()))
                .put(
                        "largest_tokens",
                        (long) plan.largestRows(given.bytes()) * plan.settings().rowTokens());
        tree.put("memory", given.bytes()).put("fits", plan.peak() <= given.bytes());
        time.ifPresent(estimate -> estimate.into(tree.putObject("time")));
        return tree;
    }

    private long adapterBytes() {
        return plan.adapter().isEmpty() ? 0 : plan.trainedBytes();
    }

    private Activations activations() {
        return plan.activations(plan.settings().tokens());
    }

    public String text() {
        return share()
                + table()
                + footprint()
                + rows()
                + largest()
                + time.map(UpdateTime::text).orElse("");
    }

    private String share() {
        return format(
                "%.2fM trainable of %.2fM (%.2f %%)%n",
                plan.trainable() / MILLION, plan.parameters() / MILLION, 100.0 * plan.trainable() / plan.parameters());
    }

    private String table() {
        TextTable table = new TextTable(70, "what", "size", "bytes");
        table.add("model type", plan.architecture().modelType(), "");
        table.add("parameters", format("%,d", plan.parameters()), "");
        table.add("trainable", format("%,d", plan.trainable()), "");
        add(table, "weights", plan.weightBytes());
        if (plan.quantization().isPresent()) {
            Quantization by = plan.quantization().get();
            String name = by.type().name().toLowerCase(Locale.ROOT)
                    + (by.doubleQuant() ? ", double quantization" : "")
                    + (by.skipModules().isEmpty() ? "" : ", without " + String.join(", ", by.skipModules()));
            add(table, "- codes and scales (" + name + ")", plan.quantizedBytes());
            add(table, "- all else, and the adapter", plan.denseBytes());
        }
        add(table, "- of these mapped: shared by the workers of a machine", plan.mappedWeightBytes());
        add(table, "- of these held", plan.weightBytes() - plan.mappedWeightBytes());
        addIfAny(table, "- of these the adapter", adapterBytes());
        addIfAny(table, "copy of what is trained, in the type that is computed in", plan.copyBytes());
        add(table, "gradients", plan.gradientBytes());
        add(table, plan.settings().offloadsOptimizer() ? "optimizer, mapped" : "optimizer", plan.optimizerBytes());
        boolean checkpoints = plan.settings().checkpoints();
        addIfAny(
                table,
                checkpoints
                        ? "dense matrices of one layer"
                        : "dense matrices of all layers, without gradient_checkpointing",
                plan.dequantizedBytes());
        Activations activations = activations();
        long all = activations.inputs() + activations.recorded() + activations.layer();
        add(
                table,
                format(
                        "activations of a micro-batch of %,d tokens",
                        plan.settings().tokens()),
                all);
        add(table, "- inputs of all layers", activations.inputs());
        addIfAny(table, "- recorded by all layers, without gradient_checkpointing", activations.recorded());
        add(table, "- one layer in the backward pass", activations.layer());
        add(table, "loss, instead of that layer", activations.loss());
        add(table, "kept of freed arrays by the C library", activations.fragments());
        addIfAny(table, "heap that grew while codes were made", plan.quantizingBytes());
        addIfAny(table, "products in bfloat16, compiled for 1,024 shapes", plan.compiledBytes());
        add(table, "process: Java, Spark, libtorch", MemoryPlan.PROCESS_BYTES);
        add(table, "peak of what is held", plan.peak());
        addIfAny(
                table,
                "prepared rows, in mapped files below cluster.local_dir",
                plan.settings().rowsBytes());
        return table.toString();
    }

    private String footprint() {
        OptionalLong bytes = TransformersFootprint.of(plan.placement());
        return bytes.isEmpty()
                ? ""
                : format(
                        "as transformers' get_memory_footprint counts the quantized base (no absmax, all else in 16"
                                + " bits): %,d bytes%n",
                        bytes.getAsLong());
    }

    private String rows() {
        return plan.settings().rowsBytes() > 0
                ? ""
                : format(
                        "once rows are prepared, a worker has them in mapped files below cluster.local_dir: %d bytes a"
                                + " token and %d a row%n",
                        MappedRows.TOKEN_BYTES, MappedRows.ROW_BYTES);
    }

    private String largest() {
        int rows = plan.largestRows(given.bytes());
        String fits = rows == 0
                ? "not even one row of " + plan.settings().rowTokens() + " tokens fits"
                : format(
                        "the largest micro-batch that fits has %,d tokens, %,d rows of data.max_length",
                        (long) rows * plan.settings().rowTokens(), rows);
        return format(
                "in %s %s; training.batch_size may be larger: it is split into micro-batches%n", given.text(), fits);
    }

    private static void addIfAny(TextTable table, String what, long bytes) {
        if (bytes > 0) {
            add(table, what, bytes);
        }
    }

    private static void add(TextTable table, String what, long bytes) {
        table.add(what, format("%,.1f MiB", bytes / 1048576.0), format("%,d", bytes));
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
