package dev.temper.model;

import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A model folder in memory, all weights trained. */
record Replica(Network network, TrainedParameters parameters) {
    static Replica of(Workspace workspace, Path folder) throws IOException {
        Architecture architecture = Architecture.read(Folder.local(folder));
        TrainedParameters parameters = new TrainedParameters(workspace, ModelWeights.specs(architecture));
        return new Replica(
                Network.load(workspace, architecture, TensorFiles.open(folder, "model"), parameters), parameters);
    }

    Result recorded(List<Row> rows) {
        return run(Backpropagation.recording(network), List.of(rows));
    }

    Result checkpointed(List<Row> rows) {
        return run(Backpropagation.checkpointing(network), List.of(rows));
    }

    Result oneByOne(List<Row> rows) {
        return run(
                Backpropagation.recording(network), rows.stream().map(List::of).toList());
    }

    /** The sum of the losses, and the gradients. */
    private Result run(Backpropagation backpropagation, List<List<Row>> groups) {
        parameters.clearGradients();
        double loss = 0;
        for (List<Row> group : groups) {
            loss += backpropagation.accumulate(LabelledStream.of(group), 0.125);
        }
        return new Result(loss, parameters.flatGradients().toFloatArray());
    }

    /** What a pass over rows gives. */
    record Result(double loss, float[] gradients) {}
}
