package dev.temper.model;

import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/** A model folder in memory, all weights trained. */
record Replica(Network network, TrainedParameters parameters, Regularization regularization) {
    private static final double SCALE = 0.125; // of the gradients

    static Replica of(Workspace workspace, Path folder) throws IOException {
        return of(workspace, folder, FloatType.FLOAT32);
    }

    static Replica of(Workspace workspace, Path folder, FloatType precision) throws IOException {
        return of(workspace, folder, precision, FloatType.FLOAT32);
    }

    /** @param type of the weights */
    static Replica of(Workspace workspace, Path folder, FloatType precision, FloatType type) throws IOException {
        Architecture architecture = Architecture.read(Folder.local(folder));
        TrainedParameters parameters =
                new TrainedParameters(workspace, ModelWeights.specs(architecture), precision, type);
        return new Replica(
                Network.load(workspace, architecture, TensorFiles.open(folder, "model"), parameters),
                parameters,
                Regularization.NONE);
    }

    Replica regularized(Regularization wanted) {
        return new Replica(network, parameters, wanted);
    }

    Result recorded(List<Row> rows) {
        return run(Backpropagation.recording(network), List.of(rows), Replica::accumulate);
    }

    Result checkpointed(List<Row> rows) {
        return run(Backpropagation.checkpointing(network), List.of(rows), Replica::accumulate);
    }

    Result oneByOne(List<Row> rows) {
        return run(
                Backpropagation.recording(network), rows.stream().map(List::of).toList(), Replica::accumulate);
    }

    Result classified(List<ClassifiedStream.Row> rows) {
        return run(Backpropagation.recording(network), List.of(rows), this::classify);
    }

    Result classifiedAndCheckpointed(List<ClassifiedStream.Row> rows) {
        return run(Backpropagation.checkpointing(network), List.of(rows), this::classify);
    }

    Result classifiedOneByOne(List<ClassifiedStream.Row> rows) {
        return run(
                Backpropagation.recording(network), rows.stream().map(List::of).toList(), this::classify);
    }

    private static double accumulate(Backpropagation backpropagation, List<Row> rows) {
        return backpropagation.accumulate(LabelledStream.of(rows), SCALE);
    }

    private double classify(Backpropagation backpropagation, List<ClassifiedStream.Row> rows) {
        Classifier classifier = network.architecture().classifier().orElseThrow();
        return backpropagation.accumulate(ClassifiedStream.of(classifier, rows), SCALE);
    }

    /** The sum of the losses, and the gradients. */
    private <R> Result run(
            Backpropagation backpropagation, List<List<R>> groups, ToDoubleBiFunction<Backpropagation, List<R>> work) {
        parameters.clearGradients();
        double loss = 0;
        for (List<R> group : groups) {
            loss += work.applyAsDouble(backpropagation.regularized(regularization), group);
        }
        return new Result(loss, parameters.flatGradients().toFloatArray());
    }

    /** What a pass over rows gives. */
    record Result(double loss, float[] gradients) {}
}
