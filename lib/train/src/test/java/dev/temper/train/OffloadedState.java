package dev.temper.train;

import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.train.config.Optim;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A process that makes an update with its state in memory or in files and prints by how much its own memory grew. */
final class OffloadedState {
    static final long ELEMENTS = 12_000_000;

    private OffloadedState() {}

    /** @param args a folder, and an update rule */
    public static void main(String[] args) throws IOException {
        Settings settings = new Settings();
        settings.optim = Optim.valueOf(args[1]);
        try (Workspace workspace = Workspace.open(1)) {
            StateMemory files = StateMemory.offloaded(workspace, Path.of(args[0]));
            StateMemory memory = StateMemory.of(workspace);
            TrainedParameters parameters = new TrainedParameters(
                    workspace, List.of(new TrainedParameters.Spec("a.weight", new Shape(ELEMENTS), 0, true)));
            update(memory, parameters, settings.config()); // what only the first update needs
            for (StateMemory state : List.of(files, memory)) {
                double before = SteadyRun.megabytes();
                update(state, parameters, settings.config());
                System.out.println("GREW " + (state == files) + " " + (SteadyRun.megabytes() - before));
            }
        }
    }

    private static void update(StateMemory state, TrainedParameters parameters, TrainingConfig config) {
        Optimizer optimizer = Optimizers.of(state, parameters, config);
        optimizer.step(1, 1e-3, 1);
        optimizer.step(2, 1e-3, 1);
    }
}
