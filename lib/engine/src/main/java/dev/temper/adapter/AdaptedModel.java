package dev.temper.adapter;

import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** A frozen base with an adapter over it that exists. */
public record AdaptedModel(Network network, LoraAdapter adapter) {
    /**
     * Loads both; a classifier's head comes from the adapter where the base has none for the task.
     *
     * @param existing the adapter's folder, ours or PEFT's
     * @throws dev.temper.check.InvalidInputException when one of them is damaged or not supported, or they do not
     *     belong together
     */
    public static AdaptedModel load(Workspace workspace, Path base, ModelTask task, Folder existing)
            throws IOException {
        return load(workspace, StoredModel.read(base, task, 0), existing);
    }

    /**
     * What the headers of both show to be wrong, before anything is loaded.
     *
     * @param newHead what the base's weights lack of the task's head
     * @param existing the adapter's folder, on any store
     * @throws dev.temper.check.InvalidInputException when it is damaged or not supported, or belongs to another base
     */
    public static void verify(Architecture base, NewHead newHead, Folder existing) throws IOException {
        PeftConfig config = AdapterFile.read(existing, base.task());
        LoraTargets targets = LoraTargets.of(config, base);
        LoraAdapter.checkSaved(newHead, targets.specs());
        AdapterTensors.verify(config.tensors().orElseThrow(), targets, existing.location());
    }

    /** As {@link #load(Workspace, Path, ModelTask, Folder)}, over a base that may be quantized. */
    public static AdaptedModel load(Workspace workspace, StoredModel base, Folder existing) throws IOException {
        return load(workspace, base, existing, FloatType.FLOAT32);
    }

    /**
     * As {@link #load(Workspace, StoredModel, Folder)}, to be trained on.
     *
     * @param weights type of what is trained
     */
    public static AdaptedModel load(Workspace workspace, StoredModel base, Folder existing, FloatType weights)
            throws IOException {
        PeftConfig config = AdapterFile.read(existing, base.architecture().task());
        LoraTargets targets = LoraTargets.of(config, base.architecture());
        List<TrainedParameters.Spec> specs = targets.specs();
        LoraAdapter.checkSaved(base.newHead(), specs);
        Predicate<Parameter> isBrought = parameter ->
                targets.saved().contains(parameter) || targets.replaced().containsKey(parameter);
        Network network = base.as(targets.architecture()).load(workspace, isBrought);
        TrainedParameters parameters = new TrainedParameters(workspace, specs, base.precision(), weights);
        return new AdaptedModel(network, LoraAdapter.load(config, targets, existing, network, parameters));
    }
}
