package dev.temper.adapter;

import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.TokenTables;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Writes the folder that PEFT reads.
 *
 * @param network that the adapter lies over; empty for one beside a base that is not loaded
 */
record AdapterWriter(PeftConfig config, LoraTargets targets, TrainedParameters parameters, Optional<Network> network) {
    private static final int MANY_MODULES = 20; // from which on PEFT shortens their names

    /**
     * @param others what belongs to the adapter and is not trained
     * @param base what {@code base_model_name_or_path} shall say
     */
    void write(Folder folder, List<TensorWriter.Tensor> others, String base) throws IOException {
        Stream<TensorWriter.Tensor> trained = parameters.specs().stream()
                .map(spec -> new TensorWriter.Tensor(
                        spec.name(),
                        parameters.type().dtype(),
                        spec.shape().getShape(),
                        () -> Workspace.memory(parameters.weight(spec.name()))));
        List<TensorWriter.Tensor> all = Stream.of(trained, others.stream(), grown())
                .flatMap(tensors -> tensors)
                .sorted(Comparator.comparing(TensorWriter.Tensor::name))
                .toList();
        network.ifPresent(owner -> owner.tables().putOriginals());
        try {
            TensorWriter.write(folder, LoraAdapter.NAME, all, Long.MAX_VALUE);
        } finally {
            parameters.weightsChanged();
        }
        boolean isFanInFanOut =
                targets.updated().stream().anyMatch(target -> target.parameter().isTransposed());
        AdapterFile.write(
                folder,
                config,
                new AdapterFile.Written(
                        targetNames(),
                        LoraTargets.modulesToSave(config, targets.architecture()),
                        isFanInFanOut,
                        targets.architecture().task(),
                        targets.architecture().besideIt(),
                        base));
    }

    /**
     * Frozen tables with rows for tokens that the base does not have: as PEFT does it, the adapter carries them,
     * because nobody could make the same rows again.
     */
    private Stream<TensorWriter.Tensor> grown() {
        Architecture architecture = targets.architecture();
        return network.stream().flatMap(owner -> architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .filter(table ->
                        !targets.saved().contains(table) && !targets.replaced().containsKey(table))
                .flatMap(table -> owner.tables().grown(table).stream().map(grown -> tensor(table, grown))));
    }

    private TensorWriter.Tensor tensor(Parameter table, TokenTables.Grown grown) {
        boolean hasRows = targets.rows().stream().anyMatch(rows -> rows.table().equals(table));
        return new TensorWriter.Tensor(
                hasRows ? LoraTargets.wrapped(table, TokenRows.BASE) : LoraTargets.name(table),
                grown.type().dtype(),
                table.shape().getShape(),
                () -> Workspace.memory(grown.matrix()));
    }

    /** As PEFT does it: all-linear becomes the modules' names, and their last parts when these are many. */
    private List<String> targetNames() {
        if (!config.lora().isAllLinear()) {
            return config.lora().targetModules();
        }
        List<String> modules = targets.updated().stream()
                .map(target -> target.parameter().module())
                .toList();
        if (modules.size() < MANY_MODULES) {
            return modules;
        }
        return modules.stream()
                .map(module -> module.substring(module.lastIndexOf('.') + 1))
                .distinct()
                .toList();
    }
}
