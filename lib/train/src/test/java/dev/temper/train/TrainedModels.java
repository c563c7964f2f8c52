package dev.temper.train;

import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;

/** Models of tests, in float32, opened for the task they were saved for where none is named. */
public final class TrainedModels {
    private TrainedModels() {}

    public static TrainedModel full(Workspace workspace, Path base) throws IOException {
        return full(workspace, StoredModel.read(base));
    }

    public static TrainedModel full(Workspace workspace, Path base, ModelTask task, long seed) throws IOException {
        return full(workspace, StoredModel.read(base, task, seed));
    }

    public static TrainedModel full(Workspace workspace, StoredModel base) throws IOException {
        return TrainedModel.full(workspace, base, FloatType.FLOAT32);
    }

    public static TrainedModel withAdapter(Workspace workspace, Path base, LoraConfig config, long seed)
            throws IOException {
        return withAdapter(workspace, StoredModel.read(base), config, seed);
    }

    public static TrainedModel withAdapter(Workspace workspace, Path base, ModelTask task, LoraConfig config, long seed)
            throws IOException {
        return withAdapter(workspace, StoredModel.read(base, task, seed), config, seed);
    }

    public static TrainedModel withAdapter(Workspace workspace, StoredModel base, LoraConfig config, long seed)
            throws IOException {
        return TrainedModel.withAdapter(workspace, base, config, seed, FloatType.FLOAT32);
    }

    public static TrainedModel withAdapter(Workspace workspace, Path base, Folder existing) throws IOException {
        return TrainedModel.withAdapter(workspace, StoredModel.read(base), existing, FloatType.FLOAT32);
    }

    public static TrainedModel withAdapter(Workspace workspace, Path base, ModelTask task, Folder existing)
            throws IOException {
        return TrainedModel.withAdapter(workspace, StoredModel.read(base, task, 0), existing, FloatType.FLOAT32);
    }
}
