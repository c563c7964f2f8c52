package dev.temper.run;

import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.recipe.Recipe;
import dev.temper.spark.cluster.BarrierTraining;
import dev.temper.track.Metric;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingResult;
import dev.temper.train.objective.Evaluation;
import dev.temper.train.worker.Replica;
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
        try (Assignment.Inputs inputs = assignment.load(RecipeRows::readEvaluated, context.listener()::warned);
                Workspace workspace = Workspace.open(context.threads())) {
            if (inputs.recipe().adapter().isPresent()) {
                try (TrainedModel model = inputs.model().open(workspace)) {
                    TrainingResult result = evaluate(model.network(), inputs, context);
                    model.checkBase(context.workers());
                    return result;
                }
            }
            StoredModel stored = inputs.model().stored();
            try (Network network = stored.load(workspace)) {
                TrainingResult result = evaluate(network, inputs, context);
                stored.files().checkUnchanged();
                return result;
            }
        }
    }

    private static TrainingResult evaluate(Network network, Assignment.Inputs inputs, BarrierTraining.Context context)
            throws Exception {
        Recipe recipe = inputs.recipe();
        Replica worker =
                Replica.of(network, context.workers(), recipe.training()).stoppingWhen(context.stop());
        context.listener().started(1);
        Evaluation evaluation = inputs.rows().of(recipe).evaluate(worker);
        Replica.Answers answers =
                worker.answer(inputs.prompts(), 0, recipe.training().seed());
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
