package dev.temper.jobs;

import dev.temper.storage.Store;
import java.io.IOException;

/** {@code temper plan}: parameters and memory of a run, from config.json alone. */
final class PlanJob {
    private PlanJob() {}

    static void run(Store store, PlanCommand.Request request) throws IOException {
        MemoryPlan plan = plan(store, request.recipe());
        String name = request.recipe().name();
        System.out.print(
                request.json() ? plan.json() + "\n" : name + ", each worker, activations apart\n" + plan.text());
    }

    static MemoryPlan plan(Store store, Recipe recipe) throws IOException {
        PretrainedModel base = PretrainedModel.read(
                store, recipe.model().base(), recipe.model().head());
        return new MemoryPlan(
                base.architecture(),
                base.adapterSpecs(recipe),
                base.quantization(recipe),
                base.trainedWhole(recipe),
                recipe.training());
    }
}
