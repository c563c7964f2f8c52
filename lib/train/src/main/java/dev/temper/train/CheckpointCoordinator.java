package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Folder;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.worker.Heartbeat;
import java.io.IOException;
import java.util.Optional;

/**
 * Coordinates checkpoints among the workers of a run. All workers call the same methods at the same points and read the
 * same files; only the first one writes, while the others wait. Does nothing when the run has no checkpoints.
 */
final class CheckpointCoordinator {
    private final Optional<Checkpoints> checkpoints;
    private final Collective workers;
    private final TrainedParameters parameters;
    private final Optimizer optimizer;
    private int newest; // update of the last checkpoint read or written; 0: none

    CheckpointCoordinator(
            Optional<Checkpoints> checkpoints, Collective workers, TrainedParameters parameters, Optimizer optimizer) {
        this.checkpoints = checkpoints;
        this.workers = workers;
        this.parameters = parameters;
        this.optimizer = optimizer;
    }

    boolean areKept() {
        return checkpoints.isPresent();
    }

    /** The newest checkpoint, if any. Verifies that all workers find the same one. */
    Optional<Folder> find() throws IOException {
        Optional<Folder> found = checkpoints.isPresent() ? checkpoints.get().newest() : Optional.empty();
        agree(found.isPresent() ? 1 : 0);
        return found;
    }

    /** Restores weights and optimizer, and returns the state. Verifies that all workers read the same checkpoint. */
    TrainingState restore(Folder checkpoint) throws IOException {
        TrainingState state = checkpoints.orElseThrow().restore(checkpoint, parameters, optimizer);
        agree(state.step);
        newest = state.step;
        return state;
    }

    /** Deletes checkpoints beyond the limit that an interrupted run has left, after all workers have read theirs. */
    void letOldGo(int best) throws IOException {
        if (workers.rank() == 0) {
            checkpoints.orElseThrow().letOldGo(best);
        }
    }

    private void agree(int found) throws IOException {
        if (workers.sum(new double[] {found})[0] != (double) found * workers.size()) {
            throw new IOException("the workers found different checkpoints, or some of them none");
        }
    }

    /**
     * Writes a checkpoint unless there is one for this update.
     *
     * @param best update whose checkpoint is never deleted; 0: none
     */
    void save(TrainingState state, int best) throws IOException {
        if (checkpoints.isEmpty() || newest == state.step) {
            return;
        }
        Heartbeat.during(workers, () -> {
            if (workers.rank() == 0) {
                checkpoints.get().save(state, best, parameters, optimizer);
            }
            return state;
        });
        newest = state.step;
    }

    /** Restores the weights only, from the checkpoint of an update. */
    void restoreWeights(int step) throws IOException {
        checkpoints.orElseThrow().restoreWeights(step, parameters);
    }
}
