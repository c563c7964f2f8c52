package dev.temper.run;

import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.recipe.Recipe;
import dev.temper.spark.cluster.BarrierTraining;
import dev.temper.track.Metric;
import dev.temper.train.Evaluation;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingResult;
import dev.temper.train.Worker;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * One worker of an evaluation: as {@link TrainWorker} before its first update, and no more.
 *
 * @param assignment its recipe's base, and the adapter that this continues, are evaluated
 */
record EvaluateWorker(Assignment assignment) implements BarrierTraining.Worker {
    @Override
    public void verifyPlace() throws IOException {
        assignment.checkPlace();
    }

    @Override
    public TrainingResult run(BarrierTraining.Context context) throws Exception {
        try (Assignment.Begun begun = assignment.begin(RecipeRows::readEvaluated, context.listener()::warned);
                Workspace workspace = Workspace.open(context.threads())) {
            if (begun.recipe().adapter().isPresent()) {
                try (TrainedModel model = begun.model().open(workspace)) {
                    TrainingResult result = evaluate(model.network(), begun, context);
                    model.checkBase(context.workers());
                    return result;
                }
            }
            StoredModel stored = begun.model().stored();
            try (Network network = stored.load(workspace)) {
                TrainingResult result = evaluate(network, begun, context);
                stored.files().checkUnchanged();
                return result;
            }
        }
    }

    private static TrainingResult evaluate(Network network, Assignment.Begun begun, BarrierTraining.Context context)
            throws Exception {
        Recipe recipe = begun.recipe();
        Worker worker = Worker.of(network, context.workers(), recipe.training()).stoppingWhen(context.stop());
        context.listener().started(1);
        Evaluation evaluation = begun.rows().of(recipe).evaluate(worker);
        Worker.Answers answers =
                worker.answer(begun.prompts(), 0, recipe.training().seed());
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
