package dev.temper.plan;

import static dev.temper.check.Check.check;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.PeftConfig;
import dev.temper.kernel.FloatType;
import dev.temper.model.Activations;
import dev.temper.model.Architecture;
import dev.temper.model.ModelWeights;
import dev.temper.model.Parameter;
import dev.temper.model.TokenCounts;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.model.TrainedWeights;
import dev.temper.quant.Quantization;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.train.optim.Optimizers;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What one worker of a run holds, in bytes, from config.json alone. Weights that stay as they are lie in files that are
 * mapped: their pages are the operating system's to drop, and shared by the workers of a machine. All else is held.
 *
 * @param adapter what is trained beside the base; empty: the base is trained
 * @param quantization how the frozen projections are kept; empty: as they were saved
 * @param stored the type that the dense weights were saved in
 * @param grown tables with rows for tokens that the base does not have, which are not those of its files
 */
public record MemoryPlan(
        Architecture architecture,
        List<Spec> adapter,
        TrainedWeights trained,
        Optional<Quantization> quantization,
        FloatType stored,
        List<Parameter> grown,
        PlanSettings settings) {
    /**
     * The Java process with Spark and libtorch, without weights and activations: heap, code, threads, scratch memory of
     * the products. Measured as the peak of RssAnon, less what was planned, over runs of small models by {@code temper
     * run} with the launcher's options; see docs/memory.md.
     */
    static final long PROCESS_BYTES = 480L << 20;

    /**
     * What libtorch's oneDNN keeps in a process that multiplies in bfloat16: a compiled product for each of the last
     * 1,024 shapes, and rows of many lengths have many shapes. Measured in long runs of small models; see
     * docs/memory.md.
     */
    private static final long COMPILED_BYTES = 290L << 20;

    /**
     * What Java's heap grows by at most while codes are made, and does not give back; measured as above, with bases of
     * 135 M to 3.8 G weights. Small ones need no more than their weights in float32, and none is needed when the codes
     * lie on the machine's disk from a run before.
     */
    private static final long QUANTIZING_BYTES = 80L << 20;

    public static MemoryPlan of(PretrainedModel base, Recipe recipe) throws IOException {
        boolean isSavedInCodes = ModelWeights.quantization(base.folder()).isPresent();
        Optional<PeftConfig> lora = base.adapter(recipe);
        Architecture architecture = base.adapted(recipe);
        check(
                lora.isPresent() || !isSavedInCodes,
                "model.base: %s was saved in 4 bits, which cannot be trained: add adapter:, or name a base in full"
                        + " precision",
                base.folder().location());
        return new MemoryPlan(
                architecture,
                base.adapterSpecs(recipe),
                lora.map(config -> LoraAdapter.trained(config, architecture)).orElseGet(TrainedWeights::all),
                base.quantization(recipe),
                ModelWeights.type(base.folder()),
                grown(base, architecture),
                PlanSettings.of(recipe));
    }

    private static List<Parameter> grown(PretrainedModel base, Architecture architecture) {
        int before = base.stored().sizes().vocabulary();
        return architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .filter(table -> table.shape().get(0) > before)
                .toList();
    }

    public long parameters() {
        return architecture.parameterCount() + elements(adapter);
    }

    private List<Spec> trainedSpecs() {
        return adapter.isEmpty() ? ModelWeights.specs(architecture) : adapter;
    }

    long trainable() {
        return elements(trainedSpecs());
    }

    private static long elements(List<Spec> specs) {
        return specs.stream().mapToLong(Spec::elements).sum();
    }

    private boolean isQuantized(Parameter parameter) {
        return isToBeQuantized(parameter) && !trained.whole().test(parameter);
    }

    private boolean isToBeQuantized(Parameter parameter) {
        return quantization.isPresent()
                && parameter.isProjection()
                && !quantization.get().skips(parameter.module());
    }

    /** How many become codes. */
    long quantizedWeights() {
        return sum(this::isQuantized);
    }

    private boolean isFrozen(Parameter parameter) {
        return !adapter.isEmpty() && !isQuantized(parameter);
    }

    /** Norms and biases become float32 when they are read. */
    private static boolean isSmall(Parameter parameter) {
        return parameter.kind() == Parameter.Kind.NORM || parameter.kind() == Parameter.Kind.BIAS;
    }

    private long sum(Predicate<Parameter> which) {
        return architecture.parameters().stream()
                .filter(which)
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }

    /** Codes and scales. */
    long quantizedBytes() {
        return architecture.parameters().stream()
                .filter(this::isQuantized)
                .mapToLong(parameter ->
                        quantization.orElseThrow().bytes(parameter.shape().size()))
                .sum();
    }

    /** Matrices stored in another type than bfloat16 become bfloat16, in memory of their own, when they are read. */
    private boolean isCastWhenRead() {
        return settings.precision() != FloatType.FLOAT32 && stored != settings.precision();
    }

    /** Frozen matrices, in the type of their files unless they are cast. */
    private long frozenBytes() {
        return keptType().bytes()
                * sum(parameter -> isFrozen(parameter) && !isSmall(parameter) && !isCopied(parameter));
    }

    private FloatType keptType() {
        return isCastWhenRead() ? settings.precision() : stored;
    }

    /** Frozen tables that are no longer those of the files: with more rows, or with trained ones in another type. */
    private boolean isCopied(Parameter parameter) {
        return isFrozen(parameter)
                && !trained.whole().test(parameter)
                && (grown.contains(parameter) || (isInRows(parameter) && stored != settings.precision()));
    }

    private boolean isInRows(Parameter parameter) {
        return trained.inRows().contains(parameter);
    }

    private long copiedTableBytes() {
        return settings.precision().bytes() * sum(table -> isCopied(table) && isInRows(table))
                + keptType().bytes() * sum(table -> isCopied(table) && !isInRows(table));
    }

    /** Everything that is not in codes. */
    long denseBytes() {
        return frozenBytes()
                + copiedTableBytes()
                + Float.BYTES * sum(parameter -> isFrozen(parameter) && isSmall(parameter))
                + trainedBytes();
    }

    /** Of the adapter, or of all weights in full fine-tuning. */
    long trainedBytes() {
        return settings.weights().bytes() * trainable();
    }

    /** Base and adapter. */
    public long weightBytes() {
        return quantizedBytes() + denseBytes();
    }

    /** What of the weights lies in mapped files. */
    public long mappedWeightBytes() {
        return quantizedBytes() + (isCastWhenRead() ? 0 : frozenBytes());
    }

    /** A copy of what is trained in the type that is computed in, where that is another; not with checkpointing. */
    long copyBytes() {
        boolean isCopied = settings.weights() == FloatType.FLOAT32
                && settings.precision() != FloatType.FLOAT32
                && !settings.checkpoints();
        return isCopied ? settings.precision().bytes() * trainable() : 0;
    }

    long quantizingBytes() {
        return settings.quantizes() ? Math.min(QUANTIZING_BYTES, Float.BYTES * quantizedWeights()) : 0;
    }

    public long gradientBytes() {
        return Float.BYTES * trainable();
    }

    public long optimizerBytes() {
        return trainedSpecs().stream()
                .mapToLong(spec -> Optimizers.stateBytes(settings.optim(), spec))
                .sum();
    }

    /**
     * The matrices of projections that are kept in another type than is computed in, while gradients are computed: with
     * checkpointing all layers share one of each, without it every layer keeps its own.
     */
    long dequantizedBytes() {
        boolean isConverted = stored != settings.precision() && !isCastWhenRead();
        Predicate<Parameter> isRestored =
                parameter -> isQuantized(parameter) || (isConverted && isFrozen(parameter) && parameter.isProjection());
        if (!settings.checkpoints()) { // what is trained has its copy
            return settings.precision().bytes() * sum(isRestored);
        }
        boolean areTrainedConverted = settings.weights() != settings.precision();
        Map<String, Long> once = architecture.parameters().stream()
                .filter(isRestored.or(parameter -> areTrainedConverted
                        && parameter.isProjection()
                        && trained.whole().test(parameter)))
                .collect(Collectors.toMap(
                        parameter -> parameter.key() + parameter.shape(),
                        parameter -> parameter.shape().size(),
                        (one, same) -> one));
        return settings.precision().bytes()
                * once.values().stream().mapToLong(Long::longValue).sum();
    }

    /** @param tokens of a micro-batch */
    Activations activations(long tokens) {
        Activations.Pass pass = new Activations.Pass(
                architecture,
                trained,
                new TokenCounts(tokens, settings.rowTokens()),
                settings.precision().bytes());
        return settings.checkpoints() ? Activations.checkpointing(pass) : Activations.recording(pass);
    }

    /** Of the process, however many workers are in it. */
    long processBytes() {
        return PROCESS_BYTES + compiledBytes();
    }

    /** Products that are compiled when they are first needed. */
    long compiledBytes() {
        return settings.precision() == FloatType.FLOAT32 ? 0 : COMPILED_BYTES;
    }

    /** What is held, whatever the micro-batch. */
    private long fixedBytes() {
        return weightBytes()
                - mappedWeightBytes()
                + copyBytes()
                + gradientBytes()
                + (settings.offloadsOptimizer() ? 0 : optimizerBytes())
                + dequantizedBytes()
                + quantizingBytes()
                + processBytes();
    }

    /** The most that is held at one time: in the backward pass of a micro-batch of so many tokens. */
    long peak(long tokens) {
        Activations activations = activations(tokens);
        return fixedBytes() + activations.peak() + activations.kept() - offloadedInputs(tokens);
    }

    /** Those of all layers but the one that is computed. */
    private long offloadedInputs(long tokens) {
        long width = architecture.sizes().width();
        return settings.offloadsInputs() && settings.checkpoints()
                ? settings.precision().bytes()
                        * tokens
                        * width
                        * architecture.sizes().layers()
                : 0;
    }

    public long peak() {
        return peak(settings.tokens());
    }

    /** The same of a process in which so many workers train side by side. */
    public long peakOfProcess(int workers) {
        return workers * (peak() - processBytes()) + processBytes();
    }

    /** What is mapped: weights, rows, and what is offloaded. */
    public long mappedBytes() {
        return mappedWeightBytes()
                + settings.rowsBytes()
                + (settings.offloadsOptimizer() ? optimizerBytes() : 0)
                + offloadedInputs(settings.tokens());
    }

    /**
     * Rows of {@code data.max_length} in the largest micro-batch that fits; 0: not even one does. More than 2^20 rows
     * are not asked for.
     */
    int largestRows(long memory) {
        int fits = 0;
        int tooMany = (1 << 20) + 1;
        while (tooMany - fits > 1) {
            int tried = fits + (tooMany - fits) / 2;
            if (peak((long) tried * settings.rowTokens()) <= memory) {
                fits = tried;
            } else {
                tooMany = tried;
            }
        }
        return fits;
    }

    /** Tokens of the largest micro-batch that fits, one row at least. */
    int largestMicroBatch(long memory) {
        return (int) Math.min(Integer.MAX_VALUE, (long) settings.rowTokens() * Math.max(1, largestRows(memory)));
    }

    /** With smaller micro-batches, where the recipe leaves that open and only smaller ones fit. */
    public MemoryPlan fitted(long memory) {
        return settings.isMicroBatchOpen() && peak() > memory
                ? with(settings.withMicroBatchTokens(largestMicroBatch(memory)))
                : this;
    }

    /** For rows that are prepared: how large the files are that a worker has them in. */
    public MemoryPlan withRows(long bytes) {
        return with(settings.withRows(bytes));
    }

    private MemoryPlan with(PlanSettings other) {
        return new MemoryPlan(architecture, adapter, trained, quantization, stored, grown, other);
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
                .filter(this::isToBeQuantized)
                .mapToLong(parameter -> (parameter.shape().size() + 1) / 2)
                .sum();
        boolean isThirdGemma = architecture.modelType().startsWith("gemma3"); // its embed_scale is a buffer, too
        long buffers = architecture.rotary().get().frequencies() + (isThirdGemma ? 1L : 0L);
        return OptionalLong.of(
                codes + Short.BYTES * sum(parameter -> !isToBeQuantized(parameter)) + Float.BYTES * buffers);
    }
}
