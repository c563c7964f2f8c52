package dev.temper.run;

import dev.temper.eval.Prompts;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.recipe.RenderedPrompt;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.spark.sql.SparkSession;

/**
 * What a worker gets from the driver.
 *
 * @param recipe the whole recipe as {@link RecipeFile#portable}, its locations the same in any working directory
 * @param run what the run follows from, besides its rows: {@link RecipeIdentity#hash}, and in which precision
 * @param prepared location of the prepared rows
 * @param asked prompts of the recipe
 * @param ends ids that end an answer, besides the tokenizer's end token
 * @param places folders that this command writes into
 */
record Assignment(
        HadoopStore store,
        String recipe,
        String run,
        String prepared,
        List<RenderedPrompt> asked,
        Set<Integer> ends,
        List<LeasedFolder> places)
        implements Serializable {
    static Assignment of(
            SparkSession spark, Recipe recipe, RecipeData rows, List<RenderedPrompt> asked, PreparedData data) {
        return new Assignment(
                HadoopStore.of(spark),
                RecipeFile.portable(recipe.anywhere()),
                RecipeIdentity.hash(recipe) + " " + recipe.model().precision().label(),
                data.folder().location(),
                asked,
                rows.ends(),
                List.of());
    }

    /** The same of a command that writes into this folder. */
    Assignment into(LeasedFolder place) {
        return new Assignment(store, recipe, run, prepared, asked, ends, List.of(place));
    }

    /** The folder that this command writes into. */
    Folder output() {
        return places.get(0).folder();
    }

    /**
     * Looks whether this machine sees the output and the prepared rows as the driver does.
     *
     * @throws dev.temper.check.InvalidInputException when it does not
     */
    void checkPlace() throws IOException {
        for (LeasedFolder place : places) {
            place.checkSeen();
        }
        boolean isElsewhere = RecipeFile.ofPortable(recipe).data().prepared().isPresent();
        PreparedData.checkSeen(store.folder(prepared), isElsewhere ? "data.prepared" : "output");
    }

    /**
     * What a worker begins with.
     *
     * @param model its files are on this machine
     * @param rows closed with this
     */
    record Inputs(Recipe recipe, RecipeModel model, RecipeRows rows, Prompts prompts) implements AutoCloseable {
        @Override
        public void close() {
            rows.close();
        }
    }

    /** Which of the prepared rows a worker needs. */
    @FunctionalInterface
    interface Reading {
        RecipeRows read(Folder prepared, Path localDir) throws IOException;
    }

    /**
     * Brings the base to this machine and reads the rows.
     *
     * @param warnings gets sentences for the user
     */
    Inputs load(Reading reading, Consumer<String> warnings) throws IOException {
        Recipe settings = RecipeFile.ofPortable(recipe);
        RecipeModel model = RecipeModel.localize(store, settings, warnings);
        RecipeRows rows =
                reading.read(store.folder(prepared), settings.cluster().localFolder());
        try {
            Tokenizer tokenizer =
                    Tokenizer.shared(model.base(), settings.model().added());
            List<Prompts.Question> questions =
                    asked.stream().map(prompt -> prompt.question(tokenizer)).toList();
            Prompts prompts = new Prompts(tokenizer, settings.generation(), questions, rows.evaluated(), ends);
            return new Inputs(settings, model, rows, prompts);
        } catch (RuntimeException | Error e) {
            rows.close();
            throw e;
        }
    }
}
