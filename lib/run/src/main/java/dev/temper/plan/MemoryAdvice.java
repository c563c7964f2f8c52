package dev.temper.plan;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;

/** What to change in a recipe whose plan does not fit, with what each change is worth. */
public final class MemoryAdvice {
    private static final int SHOWN = 4;
    private static final double WORTH = 0.98; // of the peak; a change that saves less is not mentioned

    private final PretrainedModel base;
    private final Recipe recipe;
    private final MemoryPlan plan;
    private final GivenMemory given;

    private MemoryAdvice(PretrainedModel base, Recipe recipe, MemoryPlan plan, GivenMemory given) {
        this.base = base;
        this.recipe = recipe;
        this.plan = plan;
        this.given = given;
    }

    /**
     * @throws InvalidInputException when the plan needs more than is given: by how much, and what would help, the best
     *     first
     */
    public static void checkFits(PretrainedModel base, Recipe recipe, MemoryPlan plan, GivenMemory given)
            throws IOException {
        if (plan.peak() > given.bytes()) {
            throw new InvalidInputException(new MemoryAdvice(base, recipe, plan, given).sentence());
        }
    }

    /**
     * As a run looks before anything is read; where nobody knows what is given, nothing is looked at.
     *
     * @param conf of the session that it runs in
     * @throws InvalidInputException when it does not fit, in whatever precision {@code auto} may choose
     */
    public static void checkFits(PretrainedModel base, Recipe recipe, SparkConf conf) throws IOException {
        Optional<GivenMemory> given = GivenMemory.ifKnown(recipe.cluster(), conf);
        if (given.isPresent()) {
            boolean isOpen = recipe.model().precision() == Recipe.Precision.AUTO;
            Recipe smallest = isOpen && recipe.adapter().isPresent() ? recipe.in(Recipe.Precision.BF16) : recipe;
            MemoryPlan plan = MemoryPlan.of(base, smallest).fitted(given.get().bytes());
            checkFits(base, smallest, plan, given.get());
        }
    }

    /** A change and the peak after it. */
    private record Change(String text, long peak) {}

    private String sentence() throws IOException {
        List<Change> changes = new ArrayList<>();
        String microBatch = Integer.toString(plan.settings().microBatchTokens());
        Recipe asPlanned = recipe.with("training.micro_batch_tokens", microBatch);
        for (Map.Entry<String, String> change : changes().entrySet()) {
            long peak = MemoryPlan.of(base, asPlanned.with(change.getKey(), change.getValue()))
                    .peak();
            if (peak < WORTH * plan.peak()) {
                changes.add(new Change(change.getKey() + ": " + change.getValue(), peak));
            }
        }
        changes.sort(Comparator.comparingLong(Change::peak));
        String help = changes.stream()
                .limit(SHOWN)
                .map(change -> change.text() + " needs " + GivenMemory.gib(change.peak()))
                .collect(Collectors.joining("; "));
        int workers = recipe.cluster().workers();
        boolean canShare = workers > 1 && recipe.cluster().memoryBytes().isEmpty();
        String others = canShare
                ? "cluster.workers: 1 gives it "
                        + GivenMemory.gib(
                                (given.bytes() - MemoryPlan.PROCESS_BYTES) * workers + MemoryPlan.PROCESS_BYTES)
                : "a machine with more memory, if it is this one that lacks it: cluster.memory";
        return "the plan does not fit: a worker needs "
                + GivenMemory.gib(plan.peak()) + " and may use " + given.text() + ". What would help: "
                + (help.isEmpty() ? "" : help + "; ") + others;
    }

    /** Keys and values, as a recipe has them. */
    private Map<String, String> changes() {
        Map<String, String> changes = new LinkedHashMap<>();
        if (recipe.adapter().isEmpty()) {
            changes.put("adapter", "{type: lora}");
        }
        if (!plan.settings().checkpoints()) {
            changes.put("training.gradient_checkpointing", "true");
        }
        if (recipe.adapter().isPresent() && plan.quantization().isEmpty()) {
            changes.put("model.quantization", "{type: nf4}");
        }
        if (recipe.adapter().isPresent() && recipe.adapter().get().initFrom().isEmpty()) {
            changes.put(
                    "adapter.r",
                    Integer.toString(Math.max(1, recipe.adapter().get().r() / 4)));
        }
        changes.put("training.optim", "adamw_8bit");
        changes.put("model.weights", "bf16");
        changes.put("training.optimizer_offload", "true");
        if (plan.settings().checkpoints()) {
            changes.put("training.activation_offloading", "true");
        }
        int row = plan.settings().rowTokens();
        int fits = plan.largestRows(given.bytes());
        long tokens = (long) row * Math.max(1, fits);
        if (tokens < plan.settings().tokens() && !plan.settings().isMicroBatchOpen()) {
            changes.put("training.micro_batch_tokens", Long.toString(tokens));
        }
        if (fits == 0) {
            changes.put("data.max_length", Integer.toString(Math.max(2, row / 2)));
        }
        return changes;
    }
}
