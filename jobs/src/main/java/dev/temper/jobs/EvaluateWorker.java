package dev.temper.jobs;

import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.spark.BarrierTraining;
import dev.temper.spark.HadoopStore;
import dev.temper.text.Tokenizer;
import dev.temper.track.Metric;
import dev.temper.train.Evaluation;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingResult;
import dev.temper.train.Worker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One worker of an evaluation: as {@link TrainWorker} before its first update, and no more.
 *
 * @param recipe the whole recipe as {@link Recipe#portable}; its base, and the adapter it continues, are evaluated
 * @param prepared location of the prepared rows
 * @param asked prompts of the recipe
 * @param ends ids that end an answer, besides the tokenizer's end token
 */
record EvaluateWorker(
        HadoopStore store, String recipe, String prepared, List<RecipeData.Prompt> asked, Set<Integer> ends)
        implements BarrierTraining.Worker {
    @Override
    public TrainingResult run(BarrierTraining.Context context) throws Exception {
        Recipe settings = Recipe.ofPortable(recipe);
        RecipeModel recipeModel = RecipeModel.localize(store, settings);
        RecipeRows rows = RecipeRows.readEvaluated(store.folder(prepared));
        Tokenizer tokenizer = Tokenizer.shared(recipeModel.base());
        List<Prompts.Question> questions =
                asked.stream().map(prompt -> prompt.question(tokenizer)).toList();
        Prompts prompts = new Prompts(tokenizer, settings.generation(), questions, rows.evaluated(), ends);
        try (Workspace workspace = Workspace.open(context.threads())) {
            if (settings.adapter().isPresent()) {
                try (TrainedModel model = recipeModel.open(workspace)) {
                    return evaluate(model.network(), rows, prompts, settings, context);
                }
            }
            try (Network network = Network.open(workspace, recipeModel.base())) {
                return evaluate(network, rows, prompts, settings, context);
            }
        }
    }

    private static TrainingResult evaluate(
            Network network, RecipeRows rows, Prompts prompts, Recipe recipe, BarrierTraining.Context context)
            throws Exception {
        Worker worker = Worker.of(network, context.workers(), recipe.training());
        Evaluation evaluation = rows.of(recipe).evaluate(worker);
        Worker.Answers answers = worker.answer(prompts, 0, recipe.training().seed());
        List<Metric> metrics = new ArrayList<>();
        Instant now = Instant.now();
        evaluation.scores().forEach((name, value) -> metrics.add(new Metric(0, "eval/" + name, value, now)));
        answers.exactMatch().ifPresent(value -> metrics.add(new Metric(0, "eval/exact_match", value, now)));
        return TrainingResult.evaluated(
                metrics,
                answers.own(),
                evaluation.predictions(),
                network.architecture().parameterCount());
    }
}
