package dev.temper.run.preview;

import dev.temper.check.InvalidInputException;
import dev.temper.plan.MemoryAdvice;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.run.RecipeData;
import dev.temper.run.RunChecks;
import dev.temper.run.RunEnvironment;
import dev.temper.run.SparkHandle;
import dev.temper.run.output.DataSummary;
import dev.temper.run.output.RunOutput;
import dev.temper.run.output.ScratchFolder;
import dev.temper.spark.cluster.ClusterCheck;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Shows rows as a run would prepare them, and says what a run would say of them and of the recipe. Rows that are
 * prepared are used; others are prepared in a folder that is gone afterwards.
 */
public final class PreviewRun {
    private final RunEnvironment environment;
    private final HadoopStore store;
    private final Recipe recipe;
    private final Recipe tolerant;
    private final PreviewChoice choice;

    private PreviewRun(RunEnvironment environment, Recipe recipe, Recipe tolerant, PreviewChoice choice) {
        this.environment = environment;
        this.store = environment.store();
        this.recipe = recipe;
        this.tolerant = tolerant;
        this.choice = choice;
    }

    /** @param choice which rows to show */
    public static Preview show(RunEnvironment environment, Recipe recipe, PreviewChoice choice) throws Exception {
        Recipe tolerant = recipe.with("data.max_rejected_fraction", "1"); // what a run would refuse is of interest
        return new PreviewRun(environment, recipe, tolerant, choice).run();
    }

    private Preview run() throws Exception {
        choice.verify(recipe);
        RecipeLocations locations = new RecipeLocations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        ClusterCheck.verifyMaster(environment.conf().get());
        List<String> notes = notes();
        RunOutput output = RunOutput.of(store.folder(recipe.output()));
        RecipeData rows = RecipeData.of(store, tolerant, output.date().orElseGet(RecipeData::today));
        try (ScratchFolder scratch = ScratchFolder.of(scratch()); // it goes when Spark has ended: tasks may write on
                SparkHandle open = environment.open(recipe)) {
            return show(rows, rows.findOrPrepare(open.spark(), scratch::folder), notes);
        }
    }

    /** On this machine; on a cluster beside the output, which all of its machines see. */
    private Folder scratch() throws IOException {
        if (GivenCores.isLocal(environment.conf().get())) {
            return store.folder(Files.createTempDirectory("temper-preview-").toString());
        }
        String output = store.folder(recipe.output()).location();
        return store.folder(output + "-preview-" + UUID.randomUUID());
    }

    /** What a run says of the recipe before it reads rows. A tokenizer alone is enough for a preview. */
    private List<String> notes() throws IOException {
        Folder base = store.folder(recipe.model().base());
        if (!base.has("config.json")) {
            return List.of("not looked at, as it is not there: " + base.location("config.json"));
        }
        PretrainedModel model = PretrainedModel.read(store, recipe);
        List<String> notes = new ArrayList<>(RunChecks.ofWhatIsThere(store, recipe, model));
        try {
            MemoryAdvice.checkFits(model, recipe, environment.conf().get());
        } catch (InvalidInputException e) {
            notes.add("a run here is refused: " + e.getMessage());
        }
        return notes;
    }

    private Preview show(RecipeData rows, PreparedData data, List<String> notes) throws IOException {
        DataSummary summary = DataSummary.of(recipe, data).with(notes);
        Tokenizer tokenizer = Tokenizer.shared(
                LocalCopies.tokenizer(rows.base(), recipe.cluster().localDir()),
                recipe.model().added());
        List<Preview.Group> groups = choice.groups(data.folder(), recipe, tokenizer);
        if (groups.isEmpty() && choice.rows() > 0) {
            summary = summary.with(List.of("none of the rows that are trained or evaluated is what was asked for"));
        }
        return new Preview(recipe.name(), tokenizer, groups, summary);
    }
}
