package dev.temper.train;

import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** A network in memory with what of it is trained: all of it, or an adapter beside the frozen base. */
public final class TrainedModel implements AutoCloseable {
    private final Network network;
    private final TrainedParameters parameters;
    private final Optional<LoraAdapter> adapter;

    private TrainedModel(Network network, TrainedParameters parameters, Optional<LoraAdapter> adapter) {
        this.network = network;
        this.parameters = parameters;
        this.adapter = adapter;
    }

    /** All weights are trained. */
    public static TrainedModel full(Workspace workspace, Path base) throws IOException {
        Architecture architecture = Architecture.read(Folder.local(base));
        TrainedParameters parameters = new TrainedParameters(workspace, ModelWeights.specs(architecture));
        TensorFiles files = TensorFiles.open(base, "model");
        ModelWeights.verify(architecture, files.index(), base.toString());
        return new TrainedModel(Network.load(workspace, architecture, files, parameters), parameters, Optional.empty());
    }

    /**
     * A fresh adapter is trained.
     *
     * @param seed of its random start
     */
    public static TrainedModel withAdapter(Workspace workspace, Path base, LoraConfig config, long seed)
            throws IOException {
        Network network = frozen(workspace, base);
        TrainedParameters parameters =
                new TrainedParameters(workspace, LoraAdapter.specs(config, network.architecture()));
        LoraAdapter adapter = LoraAdapter.create(config, network, parameters, seed);
        return new TrainedModel(network, parameters, Optional.of(adapter));
    }

    /** An adapter that exists is trained on, or used as it is. */
    public static TrainedModel withAdapter(Workspace workspace, Path base, Folder existing) throws IOException {
        LoraConfig config = AdapterFile.read(existing);
        Network network = frozen(workspace, base);
        TrainedParameters parameters =
                new TrainedParameters(workspace, LoraAdapter.specs(config, network.architecture()));
        LoraAdapter adapter = LoraAdapter.load(config, existing, network, parameters);
        return new TrainedModel(network, parameters, Optional.of(adapter));
    }

    /** The base alone, nothing trained. */
    public static Network frozen(Workspace workspace, Path base) throws IOException {
        Architecture architecture = Architecture.read(Folder.local(base));
        TensorFiles files = TensorFiles.open(base, "model");
        ModelWeights.verify(architecture, files.index(), base.toString());
        return Network.load(workspace, architecture, files);
    }

    public Network network() {
        return network;
    }

    public TrainedParameters parameters() {
        return parameters;
    }

    /** Parameters of the base and of the adapter together. */
    public long totalParameters() {
        return network.architecture().parameterCount() + (adapter.isPresent() ? parameters.count() : 0);
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
        ModelFolder.save(output.child("model"), network, base);
        return "model";
    }

    @Override
    public void close() {
        network.close();
    }
}
