package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Architecture;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Store;
import dev.temper.track.TextTable;
import java.io.IOException;
import java.util.Locale;

/** {@code temper plan}: parameters and memory of a run, from config.json alone. */
final class PlanJob {
    private static final int FLOAT_BYTES = 4;

    private PlanJob() {}

    static void run(Store store, PlanCommand.Request request) throws IOException {
        Recipe recipe = request.recipe();
        PretrainedModel base = PretrainedModel.read(store, recipe.model().base());
        Architecture architecture = base.architecture();
        long baseCount = architecture.parameterCount();
        long adapter = base.adapterSpecs(recipe).stream()
                .mapToLong(TrainedParameters.Spec::elements)
                .sum();
        long trainable = recipe.adapter().isPresent() ? adapter : baseCount;
        ObjectNode plan = new ObjectMapper().createObjectNode();
        plan.put("model_type", architecture.modelType());
        plan.putObject("parameters").put("total", baseCount + adapter).put("trainable", trainable);
        plan.putObject("bytes")
                .put("weights", FLOAT_BYTES * (baseCount + adapter))
                .put("gradients", FLOAT_BYTES * trainable)
                .put("optimizer", 2 * FLOAT_BYTES * trainable);
        System.out.println(request.json() ? plan.toString() : text(recipe, plan));
    }

    private static String text(Recipe recipe, ObjectNode plan) {
        long total = plan.at("/parameters/total").asLong();
        long trainable = plan.at("/parameters/trainable").asLong();
        TextTable table = new TextTable(60, "what", "size");
        table.add("model type", plan.path("model_type").asText());
        table.add("parameters", String.format(Locale.ROOT, "%,d", total));
        table.add("trainable", String.format(Locale.ROOT, "%,d (%.2f %%)", trainable, 100.0 * trainable / total));
        table.add("weights", bytes(plan.at("/bytes/weights").asLong()));
        table.add("gradients", bytes(plan.at("/bytes/gradients").asLong()));
        table.add("optimizer", bytes(plan.at("/bytes/optimizer").asLong()));
        return recipe.name() + ", each worker, float32, activations apart\n" + table;
    }

    private static String bytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MiB", bytes / 1048576.0);
    }
}
