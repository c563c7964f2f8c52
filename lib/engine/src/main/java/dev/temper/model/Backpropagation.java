package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.temper.kernel.TrainingKernels;
import dev.temper.kernel.TrainingKernels.Trained;
import dev.temper.kernel.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Loss and gradients of a network, a layer at a time: the forward pass keeps each layer's input; the backward pass goes
 * from the last layer to the first, and a layer's gradients are final when its turn is over. With gradient
 * checkpointing a layer is computed again on the way back; without, what it recorded is kept till then.
 */
public final class Backpropagation {
    private final Network network;
    private final boolean checkpointing;
    private final Workspace workspace;
    private final TrainingKernels kernels;
    private final Map<String, NDArray> embeddingGradients = new HashMap<>();
    private final NDArray headGradient;
    private final Trained normTrained;

    /** A network that keeps what its layers record, the faster way. */
    public static Backpropagation recording(Network network) {
        return new Backpropagation(network, false);
    }

    /** A network that computes its layers twice, with less memory. */
    public static Backpropagation checkpointing(Network network) {
        return new Backpropagation(network, true);
    }

    private Backpropagation(Network network, boolean checkpointing) {
        this.network = network;
        this.checkpointing = checkpointing;
        this.workspace = network.workspace();
        this.kernels = workspace.training();
        List<NDArray> norms = new ArrayList<>();
        List<NDArray> normGradients = new ArrayList<>();
        NDArray head = null;
        LayerWeights shared = network.dictionary(Parameter.SHARED);
        for (Parameter parameter : network.architecture().parameters()) {
            boolean isShared = parameter.layer() == Parameter.SHARED;
            NDArray gradient = isShared ? shared.gradient(parameter.key()).orElse(null) : null;
            if (gradient != null) {
                if (parameter.kind() == Parameter.Kind.EMBEDDING) {
                    embeddingGradients.put(parameter.key(), gradient);
                } else if (parameter.kind() != Parameter.Kind.HEAD) {
                    norms.add(shared.get(parameter.key()));
                    normGradients.add(gradient);
                }
                head = parameter.key().equals(network.architecture().head()) ? gradient : head;
            }
        }
        this.headGradient = head == null ? workspace.scalar(0) : head;
        this.normTrained = new Trained(norms, normGradients);
    }

    /** A layer's input and, unless it is computed again, its recorded output. */
    private record Visit(NDArray input, NDArray output) {}

    /**
     * Adds {@code scale} times the gradient of the summed token losses to the parameters' gradients.
     *
     * @return the sum of the token losses, unscaled
     */
    public double accumulate(LabelledStream batch, double scale) {
        return Workspace.scoped(() -> {
            Network.Inputs inputs = network.inputs(batch);
            List<Visit> visits = new ArrayList<>();
            NDArray x = network.embed(inputs);
            boolean needed = !embeddingGradients.isEmpty();
            for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
                boolean recorded = needed || !trained(layer).isEmpty();
                Visit visit = forward(layer, x, inputs, needed, recorded);
                visits.add(visit);
                x = Workspace.detach(visit.output());
                needed = recorded;
            }
            NDArray keep = workspace.ints(batch.keep());
            NDList loss = head(x, keep, workspace.ints(batch.targets()), scale);
            NDArray gradient = loss.get(1);
            backward(visits, gradient, inputs);
            return loss.get(0).getDouble();
        });
    }

    private Trained trained(int layer) {
        return network.dictionary(layer).trained();
    }

    private Visit forward(int layer, NDArray x, Network.Inputs inputs, boolean needed, boolean recorded) {
        NDArray input = x;
        if (needed) {
            input = Workspace.detach(x);
            input.setRequiresGradient(true);
        }
        if (!recorded || checkpointing) {
            return new Visit(input, network.layer(layer, x, inputs));
        }
        NDArray tracked = input;
        return new Visit(input, Workspace.recorded(() -> network.layer(layer, tracked, inputs)));
    }

    /** Loss and the gradient of the last layer's output. */
    private NDList head(NDArray x, NDArray keep, NDArray targets, double scale) {
        NDArray input = Workspace.detach(x);
        input.setRequiresGradient(true);
        NDArray h = Workspace.recorded(() -> network.finalNorm(input, keep));
        NDList loss = kernels.loss(Workspace.detach(h), network.head(), targets, scale, headGradient);
        return new NDList(loss.get(0), kernels.backward(h, loss.get(1), input, normTrained));
    }

    private void backward(List<Visit> visits, NDArray last, Network.Inputs inputs) {
        NDArray gradient = last;
        for (int layer = visits.size() - 1; layer >= 0; layer--) {
            NDArray input = visits.get(layer).input();
            boolean needed = input.hasGradient();
            Trained trained = trained(layer);
            if (!needed && trained.isEmpty()) {
                return; // nothing below is trained
            }
            NDArray output = checkpointing
                    ? again(layer, input, inputs)
                    : visits.get(layer).output();
            if (needed) {
                gradient = kernels.backward(output, gradient, input, trained);
            } else {
                kernels.backward(output, gradient, trained);
            }
            output.close();
        }
        if (!embeddingGradients.isEmpty()) {
            network.embedBackward(inputs, gradient, embeddingGradients);
        }
    }

    private NDArray again(int layer, NDArray input, Network.Inputs inputs) {
        return Workspace.recorded(() -> network.layer(layer, input, inputs));
    }

    /** The sum of the token losses, for evaluation. */
    public static double lossSum(Network network, LabelledStream batch) {
        Workspace workspace = network.workspace();
        return Workspace.scoped(() -> {
            Network.Inputs inputs = network.inputs(batch.tokens());
            NDArray x = network.embed(inputs);
            for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
                x = network.layer(layer, x, inputs);
            }
            NDArray h = network.finalNorm(x, workspace.ints(batch.keep()));
            return workspace.training().lossSum(h, network.head(), workspace.ints(batch.targets()));
        });
    }
}
