package dev.temper.model;

import dev.temper.kernel.LossKernels;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes that one forward and backward pass needs beside weights and the sums of gradients.
 *
 * @param inputs the input of each layer, and what is computed once for all of them
 * @param recorded what all layers recorded, without gradient checkpointing; else 0
 * @param layer the most that one layer needs in the backward pass, beside what is {@code recorded}
 * @param loss the logits of a chunk of positions, while the last layer's gradient is not computed yet
 * @param fragments freed arrays that the C library does not give back within a pass, in pieces that the next array
 *     often does not fit into: about one and three quarters of what one layer has recorded and needs in the backward
 *     pass, or of the logits, where they are more and small enough for that. Measured with glibc 2.36 over layers of
 *     widths from 64 to 896; much of it is chance
 */
public record Activations(long inputs, long recorded, long layer, long loss, long fragments) {
    /** Larger arrays are given back to the system at once. */
    private static final long LARGEST_FRAGMENT = 32L << 20;

    /**
     * What is computed.
     *
     * @param elementBytes of the type that is computed in: 4, or 2 for 16 bits
     */
    public record Pass(Architecture architecture, TrainedWeights trained, TokenCounts tokens, int elementBytes) {}

    /** The backward pass computes every layer again. */
    public static Activations checkpointing(Pass pass) {
        long most = layers(pass).stream().mapToLong(Tape.Bytes::peak).max().orElse(0);
        long loss = loss(pass);
        return new Activations(inputs(pass), 0, most, loss, fragments(most, loss));
    }

    /** What every layer recorded stays in memory. */
    public static Activations recording(Pass pass) {
        long recorded = 0;
        long most = 0; // layers behind one are done before it
        long largest = 0;
        for (Tape.Bytes bytes : layers(pass)) {
            most = Math.max(most, recorded + bytes.peak());
            recorded += bytes.recorded();
            largest = Math.max(largest, bytes.peak());
        }
        long loss = loss(pass);
        return new Activations(inputs(pass), recorded, Math.max(0, most - recorded), loss, fragments(largest, loss));
    }

    private static long fragments(long layer, long loss) {
        long most = loss < LARGEST_FRAGMENT ? Math.max(layer, loss) : layer;
        return most + most * 3 / 4;
    }

    /** The most that is alive at one time. */
    public long peak() {
        return inputs + recorded + Math.max(layer, loss);
    }

    /** Of those layers that record anything. */
    private static List<Tape.Bytes> layers(Pass pass) {
        List<Tape.Bytes> layers = new ArrayList<>();
        Architecture architecture = pass.architecture();
        boolean isTracked = architecture.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.EMBEDDING)
                .anyMatch(table -> pass.trained().isTrained(table)
                        || pass.trained().rank(table).isPresent()
                        || pass.trained().inRows().contains(table));
        for (int layer = 0; layer < architecture.sizes().layers(); layer++) {
            boolean isRecorded = isTracked || pass.trained().isIn(architecture, layer);
            if (isRecorded) {
                layers.add(Tape.of(pass, layer, isTracked));
            }
            isTracked = isRecorded;
        }
        return layers;
    }

    private static long inputs(Pass pass) {
        long rotary = pass.architecture().rotary().isEmpty()
                ? 0
                : 2L
                        * Float.BYTES
                        * pass.tokens().all()
                        * pass.architecture().sizes().headSize();
        return layerInputs(pass) + 4 * hidden(pass) + rotary; // the last output, and its norm with two gradients
    }

    /** The inputs of all layers. */
    public static long layerInputs(Pass pass) {
        return pass.architecture().sizes().layers() * hidden(pass);
    }

    /** (1, T, D) */
    private static long hidden(Pass pass) {
        return pass.elementBytes()
                * pass.tokens().all()
                * pass.architecture().sizes().width();
    }

    private static long loss(Pass pass) {
        Architecture architecture = pass.architecture();
        if (architecture.classifier().isPresent()) {
            return 0;
        }
        long vocabulary = architecture.sizes().vocabulary();
        boolean isNarrow = pass.elementBytes() < Float.BYTES;
        long positions = Math.min(
                LossKernels.lossChunk(vocabulary, pass.elementBytes()),
                pass.tokens().all());
        int copies = (isNarrow ? 1 : 0) + (architecture.logitCap() > 0 ? 2 : 0);
        long inPieces = vocabulary * LossKernels.LOSS_ROWS * Float.BYTES;
        return vocabulary * positions * pass.elementBytes() + copies * inPieces;
    }
}
