package dev.temper.run;

import static dev.temper.check.Check.invalid;

import dev.temper.generate.EndTokens;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeTemplate;
import dev.temper.recipe.RenderedPrompt;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.preparing.Preparation;
import dev.temper.spark.preparing.PrepareStages;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.table.DataTables;
import dev.temper.spark.table.TableSnapshots;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RowFormat;
import dev.temper.text.TemplateFiles;
import dev.temper.text.TextKind;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * How the rows of a recipe become tokens: what run, prepare and preview share.
 *
 * @param base folder of the tokenizer
 * @param chat the template that rows are written with
 * @param tables what a program hands over of its data
 * @param ends ids that end an answer by the base's generation_config.json, besides the tokenizer's end token
 */
public record RecipeData(
        HadoopStore store, Recipe recipe, Folder base, ChatFormat chat, DataTables tables, Set<Integer> ends) {
    /**
     * Reads the tokenizer's small files, nothing of the data.
     *
     * @param today what a template is told is today, unless the recipe says
     * @throws dev.temper.check.InvalidInputException when a template is needed and there is none, or it is no template
     */
    public static RecipeData of(HadoopStore store, Recipe recipe, LocalDate today) throws IOException {
        Folder base = store.folder(HadoopStore.resolve(recipe.model().base()));
        ChatFormat chat = PrepareStages.chat(store, recipe.data(), base.location(), today);
        return new RecipeData(store, recipe, base, chat, DataTables.NONE, EndTokens.read(base));
    }

    /** The same with DataFrames of a program, whose names the recipe has in place of locations. */
    public RecipeData with(DataTables given) {
        return new RecipeData(store, recipe, base, chat, given, ends);
    }

    /**
     * Leaves the template that rows were written with beside what was trained, with its variables, or none for
     * {@code none}.
     *
     * @param trained folder with a copy of the base's tokenizer
     */
    void settleTemplate(Folder trained) throws IOException {
        String choice = recipe.data().chatTemplate();
        Map<String, Object> variables = RecipeTemplate.variables(recipe);
        if (choice.equals("none") && ChatFormat.isIn(trained)) {
            TemplateFiles.remove(trained);
        } else if (chat.hasTemplate() && !(choice.equals("auto") && variables.isEmpty())) {
            TemplateFiles.write(trained, chat, variables);
        }
    }

    public static LocalDate today() {
        return LocalDate.now(ZoneId.systemDefault());
    }

    /** How a row becomes a text. */
    public RowFormat format() {
        return RowFormat.of(recipe.data(), recipe.model().labels(), chat);
    }

    /** The recipe's prompts as the model gets them. */
    List<RenderedPrompt> prompts() {
        RowFormat format = format();
        List<RenderedPrompt> prompts = new ArrayList<>();
        for (String text : recipe.generation().prompts()) {
            try {
                prompts.add(new RenderedPrompt(text, format.prompt(text), format.kind() == TextKind.CHAT));
            } catch (RejectedRowException e) {
                throw invalid("generation.prompts: the chat template refuses '%s': %s", text, e.detail());
            }
        }
        return prompts;
    }

    /**
     * Looks at the columns of the tables, and at no row.
     *
     * @throws dev.temper.check.InvalidInputException when one is missing, is there twice, or has a type that is not
     *     read
     */
    public void verifyTables(SparkSession spark) throws IOException {
        TableSnapshots.verify(spark, recipe.data(), preparation(), tables);
    }

    /**
     * Prepares the rows, or finds them prepared.
     *
     * @param output the recipe's, where nothing else says where to
     */
    public PreparedData prepare(SparkSession spark, Folder output) throws IOException {
        Preparation preparation = preparation();
        Folder folder = prepared(output);
        try (TableSnapshots read = TableSnapshots.take(spark, recipe.data(), preparation, tables, folder)) {
            return PreparedData.prepare(spark, recipe.data(), recipe.training().seed(), read.in(preparation), folder);
        }
    }

    /**
     * Finds the rows where the recipe's run would put them; otherwise prepares them elsewhere.
     *
     * @param otherwise a folder for prepared data sets
     */
    public PreparedData findOrPrepare(SparkSession spark, Supplier<Folder> otherwise) throws IOException {
        DataConfig data = recipe.data();
        Preparation preparation = preparation();
        if (data.tables().isEmpty()) {
            return findOrPrepare(spark, preparation, otherwise);
        }
        Folder elsewhere = otherwise.get(); // to find rows by what a table holds, it is read
        try (TableSnapshots read = TableSnapshots.take(spark, data, preparation, tables, elsewhere)) {
            return findOrPrepare(spark, read.in(preparation), () -> elsewhere);
        }
    }

    private PreparedData findOrPrepare(SparkSession spark, Preparation preparation, Supplier<Folder> otherwise)
            throws IOException {
        long seed = recipe.training().seed();
        Optional<PreparedData> found =
                PreparedData.find(spark, recipe.data(), seed, preparation, prepared(store.folder(recipe.output())));
        return found.isPresent()
                ? found.get()
                : PreparedData.prepare(spark, recipe.data(), seed, preparation, otherwise.get());
    }

    private Preparation preparation() throws IOException {
        // A folder with a tokenizer alone is enough to prepare rows.
        int vocabulary =
                base.has("config.json") ? PretrainedModel.read(store, recipe).vocabulary(recipe) : Integer.MAX_VALUE;
        PrepareStages stages = PrepareStages.of(
                        recipe.data(),
                        recipe.model().labels(),
                        chat,
                        recipe.model().base())
                .with(recipe.model().added(), vocabulary);
        return stages.preparation(store, ends);
    }

    private Folder prepared(Folder output) {
        return recipe.data().prepared().map(store::folder).orElseGet(() -> output.child(RunOutput.PREPARED));
    }
}
