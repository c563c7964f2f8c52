package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Folder;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.worker.Heartbeat;
import java.io.IOException;
import java.util.Optional;

/**
 * The checkpoints of a run under way: all workers call the same methods at the same places, read the same files, and
 * wait while the first of them writes. Where none are kept nothing is read or written.
 */
final class KeptCheckpoints {
    private final Optional<Checkpoints> checkpoints;
    private final Collective workers;
    private final TrainedParameters parameters;
    private final Optimizer optimizer;
    private int newest; // update whose checkpoint was read or written; 0: none was

    KeptCheckpoints(
            Optional<Checkpoints> checkpoints, Collective workers, TrainedParameters parameters, Optimizer optimizer) {
        this.checkpoints = checkpoints;
        this.workers = workers;
        this.parameters = parameters;
        this.optimizer = optimizer;
    }

    boolean areKept() {
        return checkpoints.isPresent();
    }

    /** The newest one there is; that all workers find one, or none, is made sure of. */
    Optional<Folder> find() throws IOException {
        Optional<Folder> found = checkpoints.isPresent() ? checkpoints.get().newest() : Optional.empty();
        agree(found.isPresent() ? 1 : 0);
        return found;
    }

    /** Brings weights, optimizer and state back to where they were; that it is the same everywhere is made sure of. */
    TrainingState restore(Folder checkpoint) throws IOException {
        TrainingState state = checkpoints.orElseThrow().restore(checkpoint, parameters, optimizer);
        agree(state.step);
        newest = state.step;
        return state;
    }

    /** Lets those go that an interrupted run had no time for; after all workers have read theirs. */
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
     * Writes one, unless that of this update is there.
     *
     * @param best update whose checkpoint never goes; 0 none
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

    /** Brings the weights, and nothing else, back to where they were after an update. */
    void restoreWeights(int step) throws IOException {
        checkpoints.orElseThrow().restoreWeights(step, parameters);
    }
}
