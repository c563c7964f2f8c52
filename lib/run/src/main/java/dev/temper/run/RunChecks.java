package dev.temper.run;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.IdleKeys;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.recipe.RenderedPrompt;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.Tokenizer;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * What plan, preview and run look at before rows are read and anything is paid for, and what they say of it. A run
 * needs all of it; plan and preview look at what is there, and say what is not.
 */
public final class RunChecks {
    private static final String DENSE =
            "the base is quantized, but each layer keeps its dense matrices until its turn in the backward pass, as"
                    + " much memory as in full precision: set training.gradient_checkpointing: true";

    private final Recipe recipe;
    private final PretrainedModel base;
    private final List<String> notes = new ArrayList<>();

    private RunChecks(Recipe recipe, PretrainedModel base) {
        this.recipe = recipe;
        this.base = base;
    }

    /**
     * What a run has found.
     *
     * @param prompts of the recipe, as the model gets them
     * @param notes what the user should know, and need not change
     */
    record Found(RecipeData rows, List<RenderedPrompt> prompts, List<String> notes) {}

    /**
     * All of it.
     *
     * @param today what a template is told is today, unless the recipe says
     * @throws InvalidInputException at the first thing that is wrong
     */
    static Found all(RunEnvironment environment, Recipe recipe, PretrainedModel base, LocalDate today)
            throws IOException {
        RunChecks checks = new RunChecks(recipe, base);
        RecipeData rows = RecipeData.of(environment.store(), recipe, today).with(environment.tables());
        checks.verifyBase();
        List<RenderedPrompt> prompts = checks.prompts(rows);
        checks.noteSettings();
        return new Found(rows, prompts, checks.notes);
    }

    /**
     * What is there of base, tokenizer and data.
     *
     * @return the notes of a run, and what could not be looked at
     * @throws InvalidInputException at the first thing that is wrong
     */
    public static List<String> ofWhatIsThere(HadoopStore store, Recipe recipe, PretrainedModel base)
            throws IOException {
        RunChecks checks = new RunChecks(recipe, base);
        base.verifySettings(recipe);
        boolean hasTokenizer = Tokenizer.isIn(base.folder());
        if (hasTokenizer && base.hasWeights()) {
            checks.verifyBase();
        }
        if (hasTokenizer) {
            checks.prompts(RecipeData.of(store, recipe, RecipeData.today()));
        } else {
            checks.notes.add("not looked at, as it is not there: the tokenizer of "
                    + base.folder().location());
        }
        if (!base.hasWeights()) {
            checks.notes.add("not looked at, as they are not there: the weights of "
                    + base.folder().location());
        }
        checks.noteSettings();
        return checks.notes;
    }

    private void verifyBase() throws IOException {
        base.verify(recipe).ifPresent(notes::add);
        base.verifyTrainable(recipe);
    }

    private List<RenderedPrompt> prompts(RecipeData rows) throws IOException {
        List<RenderedPrompt> prompts = rows.prompts();
        base.verify(prompts, recipe);
        notes.addAll(base.notes(recipe));
        return prompts;
    }

    private void noteSettings() throws IOException {
        notes.addAll(IdleKeys.notes(recipe));
        if (base.quantization(recipe).isPresent() && !recipe.training().gradientCheckpointing()) {
            notes.add(DENSE);
        }
        TrainingConfig training = recipe.training();
        boolean hasRows = recipe.data().eval().isPresent() || recipe.data().evalFraction() > 0;
        if (!hasRows && training.evalStrategy() != IntervalStrategy.NO) {
            notes.add("there are no evaluation rows: nothing is evaluated, and losses are those of training; set"
                    + " data.eval or data.eval_fraction");
        }
    }

    /** The data is there. */
    public static List<String> missingData(HadoopStore store, Recipe recipe) {
        try {
            new RecipeLocations(store, recipe).verifyInput();
            return List.of();
        } catch (InvalidInputException e) {
            return List.of("a run is refused: " + e.getMessage());
        }
    }
}
