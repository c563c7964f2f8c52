package dev.temper.jobs;

import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.spark.BarrierTraining;
import dev.temper.spark.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import dev.temper.train.Checkpoints;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingConfig;
import dev.temper.train.TrainingLoop;
import dev.temper.train.TrainingResult;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One worker of a run: brings the base to its disk, reads the prepared rows, trains, and, as the first of all, writes
 * the model.
 *
 * @param recipe the whole recipe as {@link Recipe#portable}
 * @param prepared location of the prepared rows
 * @param asked before and after training
 * @param ends ids that end an answer, besides the tokenizer's end token
 */
record TrainWorker(HadoopStore store, String recipe, String prepared, List<RecipeData.Prompt> asked, Set<Integer> ends)
        implements BarrierTraining.Worker {
    @Override
    public TrainingResult run(BarrierTraining.Context context) throws Exception {
        Recipe settings = Recipe.ofPortable(recipe);
        RecipeModel recipeModel = RecipeModel.localize(store, settings);
        RecipeRows rows = RecipeRows.read(store.folder(prepared));
        Tokenizer tokenizer = Tokenizer.shared(recipeModel.base());
        List<Prompts.Question> questions =
                asked.stream().map(prompt -> prompt.question(tokenizer)).toList();
        Prompts prompts = new Prompts(tokenizer, settings.generation(), questions, rows.evaluated(), ends);
        try (Workspace workspace = Workspace.open(context.threads());
                TrainedModel model = recipeModel.open(workspace)) {
            TrainingLoop loop = new TrainingLoop(
                    model, rows.of(settings), settings.training(), context.workers(), context.listener());
            TrainingResult result = loop.run(prompts, checkpoints(settings));
            if (context.workers().rank() == 0) {
                model.save(
                        store.folder(settings.output()),
                        store.folder(settings.model().base()));
            }
            return result;
        }
    }

    private Optional<Checkpoints> checkpoints(Recipe settings) {
        if (settings.training().saveStrategy() == TrainingConfig.When.NO) {
            return Optional.empty();
        }
        String key = prepared.substring(prepared.lastIndexOf('/') + 1);
        Folder folder = store.folder(settings.output()).child("checkpoints");
        return Optional.of(new Checkpoints(
                folder, settings.hash() + " " + key, settings.training().saveTotalLimit()));
    }
}
