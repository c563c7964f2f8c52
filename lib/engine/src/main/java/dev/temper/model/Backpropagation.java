package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.HostMemory;
import dev.temper.kernel.LossKernels;
import dev.temper.kernel.LossKernels.HeadGradients;
import dev.temper.kernel.LossKernels.LossScale;
import dev.temper.kernel.LossKernels.LossSums;
import dev.temper.kernel.LossKernels.RowGradients;
import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.ScratchMemory;
import dev.temper.kernel.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Loss and gradients of a network, a layer at a time: the forward pass stores each layer's input; the backward pass
 * goes from the last layer to the first, and a layer's gradients are final when its turn is over. With gradient
 * checkpointing the backward pass computes a layer again; without, the activations that it recorded stay in memory
 * until then. Offloading stores the inputs in files.
 */
public final class Backpropagation {
    private static final String HEAD_UPDATE = Network.HEAD_UPDATE + "lora_B"; // whose gradient the loss computes
    private static final String EMBEDDING_UPDATE = ".lora_embedding_";

    private final Network network;
    private final boolean checkpointing;
    private final Optional<LayerInputs> offloaded;
    private final Workspace workspace;
    private final LossKernels kernels;
    private final Map<String, NDArray> embeddingGradients = new HashMap<>();
    private final HeadGradients headGradients;
    private final Trained headTrained; // what of the shared weights is differentiated through the graph of the output
    private final Trained embedTrained; // and through that of the embedding: its low-rank updates
    private final Task task;
    private Regularization regularization = Regularization.NONE;

    /** Without gradient checkpointing: all activations that layers record stay in memory. Faster. */
    public static Backpropagation recording(Network network) {
        network.weights().convert();
        return new Backpropagation(network, false, Optional.empty());
    }

    /** With gradient checkpointing: every layer is computed twice, with less memory. */
    public static Backpropagation checkpointing(Network network) {
        network.weights().shareDense();
        return new Backpropagation(network, true, Optional.empty());
    }

    /** As {@link #checkpointing}, with the layers' inputs out of the way. */
    public static Backpropagation offloading(Network network, ScratchMemory memory) {
        network.weights().shareDense();
        LayerInputs inputs = new LayerInputs(network.workspace(), memory, network.precision());
        return new Backpropagation(network, true, Optional.of(inputs));
    }

    private Backpropagation(Network network, boolean checkpointing, Optional<LayerInputs> offloaded) {
        this.network = network;
        this.checkpointing = checkpointing;
        this.offloaded = offloaded;
        this.workspace = network.workspace();
        this.kernels = workspace.losses();
        Architecture architecture = network.architecture();
        LayerWeights shared = network.dictionary(Parameter.SHARED);
        Set<String> byHand = new HashSet<>(); // whose gradients are computed without a graph
        for (Parameter parameter : architecture.parameters()) {
            String key = parameter.key();
            if (parameter.layer() == Parameter.SHARED && parameter.kind() == Parameter.Kind.EMBEDDING) {
                shared.gradient(key).ifPresent(gradient -> {
                    embeddingGradients.put(key, gradient);
                    parameter.padding().ifPresent(row -> embeddingGradients.put(key + ".padding", workspace.ints(row)));
                });
                network.weights()
                        .tables()
                        .flatMap(tables -> tables.rows(key))
                        .ifPresent(rows -> embeddingGradients.putAll(rows.entries(key)));
                byHand.add(key);
            }
        }
        boolean isCausal = architecture.classifier().isEmpty();
        if (isCausal) {
            byHand.add(architecture.head());
            byHand.add(HEAD_UPDATE);
        }
        NDArray head = (isCausal ? shared.gradient(architecture.head()) : Optional.<NDArray>empty())
                .orElseGet(() -> workspace.scalar(0));
        this.headGradients = new HeadGradients(
                head,
                shared.gradient(HEAD_UPDATE),
                Optional.of(architecture)
                        .filter(any -> isCausal)
                        .flatMap(any -> network.weights().tables())
                        .flatMap(tables -> tables.rows(architecture.head()))
                        .map(rows -> new RowGradients(rows.ids(), rows.gradient())));
        this.headTrained = shared.trained(key -> !byHand.contains(key) && !key.contains(EMBEDDING_UPDATE));
        this.embedTrained = shared.trained(key -> key.contains(EMBEDDING_UPDATE));
        this.task = architecture.task().kind();
    }

    /** From now on with this. */
    public Backpropagation regularized(Regularization wanted) {
        regularization = wanted;
        return this;
    }

    private Network.Inputs inputs(TokenStream tokens, long[] keys) {
        return network.inputs(tokens, keys, regularization.noiseAlpha());
    }

    /** A layer's input, whether its gradient is needed and, unless it is computed again, its recorded output. */
    private record Visit(NDArray input, boolean needed, NDArray output) {}

    /**
     * Adds {@code scale} times the gradient of the summed token losses to the parameters' gradients.
     *
     * @return the sum of the token losses, unscaled
     */
    public double accumulate(LabelledStream batch, double scale) {
        LossScale lossScale = new LossScale(scale, regularization.labelSmoothing());
        return accumulate(() -> inputs(batch.tokens(), batch.keys()), (x, inputs) -> {
            NDArray keep = workspace.ints(batch.keep());
            NDArray h = Workspace.recorded(() -> network.headInput(network.finalNorm(x, keep), keep, inputs));
            NDArray targets = workspace.ints(batch.targets());
            NDList loss = kernels.loss(Workspace.detach(h), network.head(), targets, lossScale, headGradients);
            return new NDList(loss.get(0), kernels.backward(h, loss.get(1), x, headTrained));
        });
    }

    /**
     * Adds {@code scale} times the gradient of the summed losses, each times its row's weight, to the parameters'
     * gradients. The network is one that classifies.
     *
     * @return the sum of the losses, each times its row's weight
     */
    public double accumulate(ClassifiedStream batch, double scale) {
        LossScale lossScale = new LossScale(scale, regularization.labelSmoothing());
        Supplier<Network.Inputs> open =
                () -> network.classified(inputs(batch.tokens(), batch.keys()), workspace.ints(batch.keep()));
        return accumulate(open, (x, inputs) -> {
            NDArray keep = workspace.ints(batch.keep());
            NDArray logits = Workspace.recorded(() -> network.classify(x, keep, inputs));
            NDArray targets = workspace.floats(batch.targets(), batch.shape());
            NDArray weights = workspace.floats(batch.weights(), new Shape(batch.weights().length));
            NDList loss = kernels.headLoss(task.loss(), Workspace.detach(logits), targets, weights, lossScale);
            return new NDList(loss.get(0), kernels.backward(logits, loss.get(1), x, headTrained));
        });
    }

    /** The loss, and its gradient with respect to the last layer's output. */
    @FunctionalInterface
    private interface Loss {
        NDList of(NDArray x, Network.Inputs inputs);
    }

    private double accumulate(Supplier<Network.Inputs> open, Loss last) {
        return Workspace.scoped(() -> {
            Network.Inputs inputs = open.get();
            List<Visit> visits = new ArrayList<>();
            boolean isUpdated = !embedTrained.isEmpty();
            NDArray embedded = isUpdated ? Workspace.recorded(() -> network.embed(inputs)) : network.embed(inputs);
            NDArray x = isUpdated ? Workspace.detach(embedded) : embedded;
            boolean needed = isUpdated || !embeddingGradients.isEmpty();
            for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
                boolean recorded = needed || !trained(layer).isEmpty();
                Visit visit = forward(layer, x, inputs, needed, recorded);
                visits.add(visit);
                NDArray next = Workspace.detach(visit.output());
                if (offloaded.isPresent()) {
                    visit.output().close();
                    x.close();
                }
                x = next;
                needed = recorded;
            }
            HostMemory.releaseNowAndThen(); // gaps between stored activations, too small for the arrays of the backward
            // pass
            NDArray output = Workspace.detach(x);
            output.setRequiresGradient(true);
            NDList loss = last.of(output, inputs);
            NDArray gradient = backward(visits, loss.get(1), inputs);
            if (isUpdated) {
                kernels.backward(embedded, gradient, embedTrained);
            }
            return loss.get(0).getDouble();
        });
    }

    private Trained trained(int layer) {
        return network.dictionary(layer).trained();
    }

    private Visit forward(int layer, NDArray x, Network.Inputs inputs, boolean needed, boolean recorded) {
        NDArray input = offloaded.isPresent() && recorded ? offloaded.get().store(layer, x) : x;
        if (needed) {
            input = Workspace.detach(input);
            input.setRequiresGradient(true);
        }
        if (!recorded || checkpointing) {
            return new Visit(input, needed, network.layer(layer, x, inputs));
        }
        NDArray tracked = input;
        return new Visit(input, needed, Workspace.recorded(() -> network.layer(layer, tracked, inputs)));
    }

    /** Goes to the lowest layer whose gradient is needed, and returns the gradient of its input. */
    private NDArray backward(List<Visit> visits, NDArray last, Network.Inputs inputs) {
        NDArray gradient = last;
        for (int layer = visits.size() - 1; layer >= 0; layer--) {
            NDArray input = visits.get(layer).input();
            boolean needed = visits.get(layer).needed();
            Trained trained = trained(layer);
            if (!needed && trained.isEmpty()) {
                return gradient; // nothing below is trained
            }
            NDArray output = checkpointing
                    ? again(layer, input, inputs)
                    : visits.get(layer).output();
            if (needed) {
                NDArray below = kernels.backward(output, gradient, input, trained);
                gradient.close();
                gradient = below;
            } else {
                kernels.backward(output, gradient, trained);
            }
            output.close();
        }
        if (!embeddingGradients.isEmpty()) {
            network.embedBackward(inputs, gradient, embeddingGradients);
        }
        return gradient;
    }

    private NDArray again(int layer, NDArray input, Network.Inputs inputs) {
        return Workspace.recorded(() -> network.layer(layer, input, inputs));
    }

    /** The sum of the token losses, for evaluation. */
    public static double lossSum(Network network, LabelledStream batch) {
        return lossSums(network, batch, 0).crossEntropies();
    }

    /** The sums of the token losses with label smoothing and without. */
    public static LossSums lossSums(Network network, LabelledStream batch, double labelSmoothing) {
        Workspace workspace = network.workspace();
        return Workspace.scoped(() -> {
            NDArray x = network.hidden(network.inputs(batch.tokens()));
            NDArray h = network.finalNorm(x, workspace.ints(batch.keep()));
            NDArray targets = workspace.ints(batch.targets());
            return workspace.losses().lossSums(h, network.head(), targets, labelSmoothing);
        });
    }
}
