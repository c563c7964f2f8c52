package dev.temper.jobs;

import dev.temper.eval.Prompts;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.SparkSession;

/**
 * What a worker gets from the driver.
 *
 * @param recipe the whole recipe as {@link Recipe#portable}
 * @param prepared location of the prepared rows
 * @param asked prompts of the recipe
 * @param ends ids that end an answer, besides the tokenizer's end token
 */
record Assignment(HadoopStore store, String recipe, String prepared, List<RecipeData.Prompt> asked, Set<Integer> ends)
        implements Serializable {
    static Assignment of(
            SparkSession spark, Recipe recipe, RecipeData rows, List<RecipeData.Prompt> asked, PreparedData data) {
        return new Assignment(
                HadoopStore.of(spark), recipe.portable(), data.folder().location(), asked, rows.ends());
    }

    /**
     * What a worker begins with.
     *
     * @param model its files are on this machine
     */
    record Begun(Recipe recipe, RecipeModel model, RecipeRows rows, Prompts prompts) {}

    /** Which of the prepared rows a worker needs. */
    @FunctionalInterface
    interface Reading {
        RecipeRows read(Folder prepared) throws IOException;
    }

    /** Brings the base to this machine and reads the rows. */
    Begun begin(Reading reading) throws IOException {
        Recipe settings = Recipe.ofPortable(recipe);
        RecipeModel model = RecipeModel.localize(store, settings);
        RecipeRows rows = reading.read(store.folder(prepared));
        Tokenizer tokenizer = Tokenizer.shared(model.base(), settings.model().added());
        List<Prompts.Question> questions =
                asked.stream().map(prompt -> prompt.question(tokenizer)).toList();
        Prompts prompts = new Prompts(tokenizer, settings.generation(), questions, rows.evaluated(), ends);
        return new Begun(settings, model, rows, prompts);
    }
}
