package dev.temper.plan;

import static dev.temper.check.Check.check;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.PeftConfig;
import dev.temper.kernel.FloatType;
import dev.temper.model.Activations;
import dev.temper.model.Architecture;
import dev.temper.model.ModelWeights;
import dev.temper.model.Placement.Place;
import dev.temper.model.StoredTensor;
import dev.temper.model.TokenCounts;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.model.TrainedWeights;
import dev.temper.model.WeightPlacement;
import dev.temper.quant.Quantization;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.train.optim.Optimizers;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What one worker of a run holds, in bytes, from config.json alone. Weights that stay as they are lie in files that are
 * mapped: their pages are the operating system's to drop, and shared by the workers of a machine. All else is held.
 *
 * @param adapter what is trained beside the base; empty: the base is trained
 * @param placement where the parameters of the base live
 */
public record MemoryPlan(List<Spec> adapter, WeightPlacement placement, PlanSettings settings) {
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
        Optional<PeftConfig> lora = base.adapter(recipe);
        check(
                lora.isPresent() || ModelWeights.quantization(base.folder()).isEmpty(),
                "model.base: %s was saved in 4 bits, which cannot be trained: add adapter:, or name a base in full"
                        + " precision",
                base.folder().location());
        PlanSettings settings = PlanSettings.of(recipe);
        WeightPlacement placement = new WeightPlacement(
                base.adapted(recipe),
                StoredTensor.described(base.folder(), base.stored()),
                base.quantization(recipe),
                lora.map(config -> LoraAdapter.trained(config, base.architecture()))
                        .orElseGet(TrainedWeights::all),
                settings.types());
        return new MemoryPlan(base.adapterSpecs(recipe), placement, settings);
    }

    public Architecture architecture() {
        return placement.architecture();
    }

    /** How the codes of the base are made, or were; empty when it has none. */
    public Optional<Quantization> quantization() {
        return placement.quantization();
    }

    public long parameters() {
        return architecture().parameterCount() + elements(adapter);
    }

    private List<Spec> trainedSpecs() {
        return adapter.isEmpty() ? ModelWeights.specs(architecture()) : adapter;
    }

    long trainable() {
        return elements(trainedSpecs());
    }

    private static long elements(List<Spec> specs) {
        return specs.stream().mapToLong(Spec::elements).sum();
    }

    /** Weights of the base that are codes. */
    long quantizedWeights() {
        return placement.count(Place.CODES);
    }

    /** Codes and scales. */
    long quantizedBytes() {
        return placement.bytes(Place.CODES);
    }

    /** Everything that is not in codes. */
    long denseBytes() {
        return placement.bytes(Place.MAPPED) + placement.bytes(Place.HELD) + trainedBytes();
    }

    /** Of the adapter, or of all weights in full fine-tuning. */
    long trainedBytes() {
        return types().trained().bytes() * trainable();
    }

    /** Base and adapter. */
    public long weightBytes() {
        return quantizedBytes() + denseBytes();
    }

    /** What of the weights lies in mapped files. */
    public long mappedWeightBytes() {
        return placement.bytes(Place.CODES) + placement.bytes(Place.MAPPED);
    }

    private WeightPlacement.Types types() {
        return settings.types();
    }

    /** A copy of what is trained in the type that is computed in, where that is another; not with checkpointing. */
    long copyBytes() {
        boolean isCopied = types().needCopy() && !settings.checkpoints();
        return isCopied ? types().computed().bytes() * trainable() : 0;
    }

    long quantizingBytes() {
        return Math.min(QUANTIZING_BYTES, Float.BYTES * placement.quantizedNow());
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
        return settings.checkpoints() ? placement.sharedRestoredBytes() : placement.restoredBytes();
    }

    /** @param tokens of a micro-batch */
    Activations activations(long tokens) {
        return settings.checkpoints() ? Activations.checkpointing(pass(tokens)) : Activations.recording(pass(tokens));
    }

    private Activations.Pass pass(long tokens) {
        return new Activations.Pass(
                architecture(),
                placement.trained(),
                new TokenCounts(tokens, settings.rowTokens()),
                types().computed().bytes());
    }

    /** Of the process, however many workers are in it. */
    long processBytes() {
        return PROCESS_BYTES + compiledBytes();
    }

    /** Products that are compiled when they are first needed. */
    long compiledBytes() {
        return types().computed() == FloatType.FLOAT32 ? 0 : COMPILED_BYTES;
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
        return fixedBytes() + activations.peak() + activations.fragments() - offloadedInputs(tokens);
    }

    private long offloadedInputs(long tokens) {
        return settings.offloadsInputs() && settings.checkpoints() ? Activations.layerInputs(pass(tokens)) : 0;
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
        return new MemoryPlan(adapter, placement, other);
    }
}
