package dev.temper.train;

import dev.temper.adapter.AdaptedModel;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.FailedRunException;
import dev.temper.collective.Collective;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * A network in memory together with its trainable parameters: all of them, or those of an adapter beside a frozen base.
 */
public final class TrainedModel implements AutoCloseable {
    private final Network network;
    private final TrainedParameters parameters;
    private final Optional<LoraAdapter> adapter;
    private final TensorFiles base;
    private final Optional<String> newHead;

    private TrainedModel(
            Network network,
            TrainedParameters parameters,
            Optional<LoraAdapter> adapter,
            TensorFiles base,
            Optional<String> newHead) {
        this.network = network;
        this.base = base;
        this.parameters = parameters;
        this.adapter = adapter;
        this.newHead = newHead;
    }

    /**
     * Opens a model for full fine-tuning.
     *
     * @param weights dtype in which trained weights are stored
     */
    public static TrainedModel full(Workspace workspace, StoredModel base, FloatType weights) throws IOException {
        TrainedParameters parameters =
                new TrainedParameters(workspace, ModelWeights.specs(base.architecture()), base.precision(), weights);
        Network network = base.load(workspace, parameters);
        base.files().checkUnchanged(); // weights are copied, so later changes of the files do not matter
        return new TrainedModel(
                network,
                parameters,
                Optional.empty(),
                base.files(),
                base.newHead().reason());
    }

    /**
     * Opens a frozen base, which may be quantized, with a new adapter.
     *
     * @param seed of the adapter's random initialization
     * @param weights dtype in which trained weights are stored
     */
    public static TrainedModel withAdapter(
            Workspace workspace, StoredModel base, LoraConfig config, long seed, FloatType weights) throws IOException {
        List<TrainedParameters.Spec> specs = LoraAdapter.specs(config, base.architecture());
        LoraAdapter.checkSaved(base.newHead(), specs);
        Network network = base.load(workspace, LoraAdapter.trainedWhole(specs));
        TrainedParameters parameters = new TrainedParameters(workspace, specs, base.precision(), weights);
        LoraAdapter adapter = LoraAdapter.create(config, network, parameters, seed);
        return new TrainedModel(
                network,
                parameters,
                Optional.of(adapter),
                base.files(),
                base.newHead().reason());
    }

    /**
     * Opens a frozen base, which may be quantized, with an existing adapter, to train it further.
     *
     * @param weights dtype in which trained weights are stored
     */
    public static TrainedModel withAdapter(Workspace workspace, StoredModel base, Folder existing, FloatType weights)
            throws IOException {
        AdaptedModel model = AdaptedModel.load(workspace, base, existing, weights);
        return new TrainedModel(
                model.network(),
                model.adapter().parameters(),
                Optional.of(model.adapter()),
                base.files(),
                Optional.empty());
    }

    public Network network() {
        return network;
    }

    public TrainedParameters parameters() {
        return parameters;
    }

    /** A sentence for the user that explains why the head is randomly initialized; empty when it was loaded. */
    public Optional<String> newHead() {
        return newHead;
    }

    /** Number of parameters of base and adapter together. */
    public long totalParameters() {
        return network.architecture().parameterCount() + (adapter.isPresent() ? parameters.count() : 0);
    }

    /**
     * Checks that the files of a frozen base, which are memory-mapped, have not changed since they were opened. Must be
     * called by all workers.
     *
     * @throws FailedRunException on all workers if the files have changed for one of them: the adapter would then
     *     belong to no base model
     */
    public void checkBase(Collective workers) throws IOException {
        Optional<String> change = adapter.isPresent() ? base.change() : Optional.empty();
        double[] changed = new double[workers.size()];
        changed[workers.rank()] = change.isPresent() ? 1 : 0;
        double[] all = workers.sum(changed);
        for (int rank = 0; rank < all.length; rank++) {
            if (all[rank] > 0) {
                throw new FailedRunException(
                        "model.base: %s; a base must stay as it is until the run ends: put it back and run the same"
                                        .formatted(change.orElse("it was changed on the machine of worker " + rank))
                                + " command again, which goes on from the newest checkpoint");
            }
        }
    }

    /**
     * Writes {@code adapter/} in PEFT's layout, or {@code model/} in that of transformers.
     *
     * @param base folder of the base model, for the tokenizer's files and the adapter's config
     * @return the name of the folder
     */
    public String save(Folder output, Folder base) throws IOException {
        if (adapter.isPresent()) {
            adapter.get().save(output.child("adapter"), base.location());
            return "adapter";
        }
        ModelFolder.save(output.child("model"), network, base, parameters.type());
        return "model";
    }

    @Override
    public void close() {
        network.close();
    }
}
