package dev.temper.plan;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.ProductRates;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.Sizes;
import dev.temper.quant.Nf4;
import dev.temper.recipe.Recipe;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * An estimate of how long this machine takes for an update: the floating-point operations of its products at the rate
 * that this machine was measured to multiply at, and weights in 4 bits at the rate that it makes them dense at.
 *
 * @param seconds of one update of {@code tokens} tokens, by one worker
 * @param rate of products, operations per second
 * @param updates of the run, where they are known
 */
public record UpdateTime(double seconds, long tokens, double rate, OptionalLong updates) {
    /** Share of the rate of large products that whole layers reach; 0.77 in docs/benchmarks.md. */
    private static final double EFFICIENCY = 0.77;

    /** Of a batch of rows that are all as long as they may be. */
    public static UpdateTime measure(MemoryPlan plan, Recipe recipe) {
        int workers = recipe.cluster().workers();
        int cores = Math.max(1, Runtime.getRuntime().availableProcessors() / workers);
        try (Workspace workspace = Workspace.open(cores)) {
            double rate = ProductRates.rate(workspace, plan.settings().types().computed());
            double restored = plan.quantizedWeights() == 0
                    ? 1
                    : Nf4.rate(workspace, plan.settings().types().computed());
            return of(plan, recipe, rate, restored);
        }
    }

    /**
     * @param rate of products, operations per second
     * @param restored weights per second that are brought from 4 bits to a dense matrix
     */
    public static UpdateTime of(MemoryPlan plan, Recipe recipe, double rate, double restored) {
        long tokens = (long) plan.settings().rows() * plan.settings().rowTokens();
        long passes = (tokens + plan.settings().tokens() - 1) / plan.settings().tokens();
        int forwards = plan.settings().checkpoints() ? 2 : 1;
        double products = tokens * operations(plan, forwards) / (rate * EFFICIENCY);
        double dense = passes * forwards * plan.quantizedWeights() / restored;
        int steps = recipe.training().maxSteps().orElse(0);
        return new UpdateTime(
                products + dense, tokens, rate, steps == 0 ? OptionalLong.empty() : OptionalLong.of(steps));
    }

    /**
     * Of one token, forward and backward: 2 for each weight it is multiplied by, 2 for its gradient, 2 for the
     * weight's.
     */
    private static double operations(MemoryPlan plan, int forwards) {
        Architecture architecture = plan.architecture();
        Sizes sizes = architecture.sizes();
        double all = 0;
        for (Parameter parameter : architecture.parameters()) {
            if (parameter.isProjection()) {
                boolean isTrained = plan.placement().trained().whole().test(parameter);
                all += 2.0 * parameter.shape().size() * (forwards + 1 + (isTrained ? 1 : 0));
            }
        }
        for (Map.Entry<Parameter, Integer> update :
                plan.placement().trained().ranks().entrySet()) {
            long width = update.getKey().inputs() + update.getKey().outputs();
            all += 2.0 * update.getValue() * width * (forwards + 2);
        }
        if (architecture.classifier().isEmpty()) {
            boolean isHeadTrained = plan.adapter().isEmpty();
            all += 2.0 * sizes.vocabulary() * sizes.width() * (isHeadTrained ? 3 : 2);
        }
        double scores = 2.0 * plan.settings().rowTokens() * sizes.numHeads() * sizes.headSize(); // half are masked
        return all + sizes.layers() * scores * (forwards + 2.5);
    }

    void into(ObjectNode tree) {
        tree.put("seconds_per_update", seconds).put("tokens_per_update", tokens).put("product_rate", rate);
        updates.ifPresent(count -> tree.put("updates", count).put("seconds", count * seconds));
    }

    String text() {
        String each = String.format(
                Locale.ROOT,
                "estimate for this machine: %s an update of at most %,d tokens, by products measured at %,.0f GFLOP/s",
                duration(seconds),
                tokens,
                rate / 1e9);
        String total = updates.isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT, "; %s for all %,d", duration(seconds * updates.getAsLong()), updates.getAsLong());
        return each + total + "\n";
    }

    private static String duration(double seconds) {
        return seconds < 120
                ? String.format(Locale.ROOT, "%.1f s", seconds)
                : seconds < 7200
                        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
