package dev.temper.run;

import dev.temper.kernel.Workspace;
import dev.temper.recipe.Recipe;
import dev.temper.run.output.LiveOutput;
import dev.temper.run.output.MachineText;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.cluster.BarrierTraining;
import dev.temper.storage.Folder;
import dev.temper.storage.RecordingStore;
import dev.temper.train.Checkpoints;
import dev.temper.train.PeakMemory;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingLoop;
import dev.temper.train.TrainingResult;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * One worker of a run: brings the base to its disk, reads the prepared rows, trains, and, as the first of all, writes
 * the model. It is asked before and after training.
 *
 * @param page what its report begins with
 * @param plannedBytes that its process is planned to hold at most
 * @param microBatchTokens of a forward pass
 */
record TrainWorker(Assignment assignment, LiveOutput.Page page, long plannedBytes, int microBatchTokens)
        implements BarrierTraining.Worker {
    @Override
    public void verifyPlace() throws IOException {
        assignment.checkPlace();
    }

    @Override
    public TrainingResult run(BarrierTraining.Context context) throws Exception {
        try (PeakMemory memory = PeakMemory.watch()) {
            return train(context, memory).on(MachineText.here(context.threads()));
        }
    }

    private TrainingResult train(BarrierTraining.Context context, PeakMemory memory) throws Exception {
        try (Assignment.Inputs inputs = assignment.load(RecipeRows::read, context.listener()::warned)) {
            TrainingResult result = train(context, inputs);
            return result.with(new TrainingResult.Memory(
                    plannedBytes, inputs.rows().bytes(), memory.peak().orElse(null)));
        }
    }

    private TrainingResult train(BarrierTraining.Context context, Assignment.Inputs inputs) throws Exception {
        Recipe recipe = inputs.recipe();
        try (Workspace workspace = Workspace.open(context.threads());
                TrainedModel model = inputs.model().open(workspace)) {
            TrainingLoop loop = new TrainingLoop(
                    model, inputs.rows().of(recipe), training(recipe), context.workers(), context.listener());
            loop.stoppingWhen(context.stop());
            loop.reportingTo(new LiveOutput(RunOutput.of(assignment.output()), page, context.listener()::warned));
            loop.offloadingTo(recipe.cluster().localFolder());
            TrainingResult result = loop.run(inputs.prompts(), checkpoints(recipe));
            model.checkBase(context.workers());
            return context.workers().rank() == 0 ? result.wrote(save(model, recipe)) : result;
        }
    }

    /** The files with their sizes: the driver looks whether it sees the same. */
    private Map<String, Long> save(TrainedModel model, Recipe recipe) throws IOException {
        Folder output = assignment.output();
        RecordingStore written = new RecordingStore(output.store());
        model.save(
                new Folder(written, output.location()),
                assignment.store().folder(recipe.model().base()));
        return written.written();
    }

    private TrainingConfig training(Recipe recipe) {
        return recipe.with("training.micro_batch_tokens", Integer.toString(microBatchTokens))
                .training();
    }

    private Optional<Checkpoints> checkpoints(Recipe recipe) {
        if (recipe.training().saveStrategy() == IntervalStrategy.NO) {
            return Optional.empty();
        }
        String prepared = assignment.prepared();
        String key = prepared.substring(prepared.lastIndexOf('/') + 1);
        Folder folder = assignment.output().child("checkpoints");
        return Optional.of(new Checkpoints(
                folder, assignment.run() + " " + key, recipe.training().saveTotalLimit()));
    }
}
