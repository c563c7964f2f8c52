package dev.temper.train;

import dev.temper.adapter.AdaptedModel;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.FailedRunException;
import dev.temper.collective.Collective;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A network in memory with what of it is trained: all of it, or an adapter beside the frozen base. */
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

    /** All weights are trained, for what the model was saved for. */
    public static TrainedModel full(Workspace workspace, Path base) throws IOException {
        return full(workspace, base, ModelTask.of(Folder.local(base)), 0);
    }

    /**
     * All weights are trained.
     *
     * @param seed of the head, where the task needs another than the base has
     */
    public static TrainedModel full(Workspace workspace, Path base, ModelTask task, long seed) throws IOException {
        return full(workspace, StoredModel.read(base, task, seed));
    }

    /** All weights are trained, in float32. */
    public static TrainedModel full(Workspace workspace, StoredModel base) throws IOException {
        return full(workspace, base, FloatType.FLOAT32);
    }

    /**
     * All weights are trained.
     *
     * @param weights type that they are kept in
     */
    public static TrainedModel full(Workspace workspace, StoredModel base, FloatType weights) throws IOException {
        TrainedParameters parameters =
                new TrainedParameters(workspace, ModelWeights.specs(base.architecture()), base.precision(), weights);
        Network network = base.load(workspace, parameters);
        base.files().checkUnchanged(); // what is trained is a copy: what becomes of the files now does not matter
        return new TrainedModel(
                network,
                parameters,
                Optional.empty(),
                base.files(),
                base.newHead().reason());
    }

    /** A fresh adapter is trained, for what the base was saved for. */
    public static TrainedModel withAdapter(Workspace workspace, Path base, LoraConfig config, long seed)
            throws IOException {
        return withAdapter(workspace, base, ModelTask.of(Folder.local(base)), config, seed);
    }

    /**
     * A fresh adapter is trained, and a classifier's head beside it.
     *
     * @param seed of its random start, and of the head's
     */
    public static TrainedModel withAdapter(Workspace workspace, Path base, ModelTask task, LoraConfig config, long seed)
            throws IOException {
        return withAdapter(workspace, StoredModel.read(base, task, seed), config, seed);
    }

    /** A fresh adapter is trained in float32 over a base that may be quantized. */
    public static TrainedModel withAdapter(Workspace workspace, StoredModel base, LoraConfig config, long seed)
            throws IOException {
        return withAdapter(workspace, base, config, seed, FloatType.FLOAT32);
    }

    /**
     * A fresh adapter is trained over a base that may be quantized.
     *
     * @param seed of its random start
     * @param weights type that what is trained is kept in
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

    /** An adapter that exists is trained on, or used as it is, for what the base was saved for. */
    public static TrainedModel withAdapter(Workspace workspace, Path base, Folder existing) throws IOException {
        return withAdapter(workspace, base, ModelTask.of(Folder.local(base)), existing);
    }

    /** An adapter that exists is trained on, or used as it is; a classifier's head comes from it. */
    public static TrainedModel withAdapter(Workspace workspace, Path base, ModelTask task, Folder existing)
            throws IOException {
        return withAdapter(workspace, StoredModel.read(base, task, 0), existing, FloatType.FLOAT32);
    }

    /**
     * An adapter that exists is trained on over a base that may be quantized.
     *
     * @param weights type that what is trained is kept in
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

    /** A sentence for the user that says why the head starts at random; empty when it was in the weights. */
    public Optional<String> newHead() {
        return newHead;
    }

    /** Parameters of the base and of the adapter together. */
    public long totalParameters() {
        return network.architecture().parameterCount() + (adapter.isPresent() ? parameters.count() : 0);
    }

    /**
     * Finds out whether the files of a frozen base, on whose pages it is computed, are still as they were opened;
     * called by all workers.
     *
     * @throws FailedRunException on all of them when a worker's are not: what was trained belongs to no base
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
     * Writes {@code adapter/} as PEFT does, or {@code model/} as transformers does.
     *
     * @param base where the base model came from, for its tokenizer's files and for the adapter's config
     * @return the folder's name
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
