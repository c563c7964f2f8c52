package dev.temper.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.plan.GivenMemory;
import dev.temper.plan.MemoryAdvice;
import dev.temper.plan.MemoryPlan;
import dev.temper.plan.PlanTable;
import dev.temper.plan.UpdateTime;
import dev.temper.recipe.ChosenPrecision;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.run.RunChecks;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code temper plan}: parameters, memory and time of a run, from config.json alone. */
final class PlanJob {
    private PlanJob() {}

    /** @throws dev.temper.check.InvalidInputException after all was printed, when it does not fit */
    static void run(HadoopStore store, PlanCommand.Request request) throws IOException {
        new RecipeLocations(store, request.recipe()).verifyOutput();
        PretrainedModel base = PretrainedModel.read(store, request.recipe());
        List<String> notes = new ArrayList<>(RunChecks.ofWhatIsThere(store, request.recipe(), base));
        notes.addAll(RunChecks.missingData(store, request.recipe()));
        Recipe recipe = ChosenPrecision.here(request.recipe(), base.architecture());
        GivenMemory given = GivenMemory.here(recipe.cluster());
        MemoryPlan plan =
                MemoryPlan.of(base, recipe).withRows(rows(store, recipe)).fitted(given.bytes());
        PlanTable table = new PlanTable(plan, given, Optional.of(UpdateTime.measure(plan, recipe)));
        if (request.json()) {
            ObjectNode json = table.json();
            notes.forEach(json.putArray("notes")::add);
            Console.say(json);
        } else {
            Console.say(
                    "%s, each worker, in %s",
                    recipe.name(), recipe.model().precision().label());
            Console.sayAll(table.text().stripTrailing());
            notes.forEach(note -> Console.say("%s", note));
        }
        MemoryAdvice.checkFits(base, recipe, plan, given);
    }

    /** Of the only data set that lies where the recipe's run would look for one; 0: there is none, or several. */
    private static long rows(HadoopStore store, Recipe recipe) throws IOException {
        Folder output = store.folder(recipe.output());
        Folder prepared = recipe.data().prepared().map(store::folder).orElseGet(() -> output.child(RunOutput.PREPARED));
        return PreparedData.mappedBytesOfOnly(prepared).orElse(0);
    }
}
