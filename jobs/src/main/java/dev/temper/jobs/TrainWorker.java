package dev.temper.jobs;

import dev.temper.adapter.LoraConfig;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.spark.BarrierTraining;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import dev.temper.spark.PreparedRow;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import dev.temper.train.Checkpoints;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingConfig;
import dev.temper.train.TrainingLoop;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
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
        Folder base = store.folder(settings.model().base());
        Path local = PretrainedModel.localize(base, settings.cluster().localDir());
        List<TokenRow> train = new ArrayList<>();
        List<TokenRow> eval = new ArrayList<>();
        PreparedData.read(store.folder(prepared), row -> (row.split() == PreparedRow.Split.TRAIN ? train : eval)
                .add(row.tokens()));
        DataConfig data = settings.data();
        TrainingLoop.Rows rows = TrainingLoop.Rows.packed(train, eval, data.packing(), data.maxLength());
        Tokenizer tokenizer = Tokenizer.shared(local);
        List<Prompts.Question> questions =
                asked.stream().map(prompt -> prompt.question(tokenizer)).toList();
        Prompts prompts = new Prompts(tokenizer, settings.generation(), questions, eval, ends);
        try (Workspace workspace = Workspace.open(context.threads());
                TrainedModel model = model(workspace, local, settings)) {
            TrainingLoop loop =
                    new TrainingLoop(model, rows, settings.training(), context.workers(), context.listener());
            TrainingResult result = loop.run(prompts, checkpoints(settings));
            if (context.workers().rank() == 0) {
                model.save(store.folder(settings.output()), base);
            }
            return result;
        }
    }

    private TrainedModel model(Workspace workspace, Path base, Recipe settings) throws IOException {
        Optional<LoraConfig> adapter = settings.adapter();
        if (adapter.isEmpty()) {
            return TrainedModel.full(workspace, base);
        }
        Optional<String> initFrom = adapter.get().initFrom();
        if (initFrom.isPresent()) {
            Path existing = PretrainedModel.localize(
                    store.folder(initFrom.get()), settings.cluster().localDir());
            return TrainedModel.withAdapter(workspace, base, Folder.local(existing));
        }
        return TrainedModel.withAdapter(
                workspace, base, adapter.get(), settings.training().seed());
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
