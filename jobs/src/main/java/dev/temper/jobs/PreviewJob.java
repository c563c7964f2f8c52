package dev.temper.jobs;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.ClusterCheck;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.LocalCopies;
import dev.temper.spark.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import dev.temper.track.Terminal;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * {@code temper preview}: shows rows as a run would prepare them, and says what a run would say of them and of the
 * recipe. Rows that are prepared are used; others are prepared in a folder that goes with the command.
 */
final class PreviewJob {
    private final HadoopStore store;
    private final PreviewCommand.Request request;
    private final Recipe recipe;

    private PreviewJob(HadoopStore store, PreviewCommand.Request request) {
        this.store = store;
        this.request = request;
        this.recipe = request.recipe();
    }

    static void run(HadoopStore store, PreviewCommand.Request request) throws Exception {
        new PreviewJob(store, request).run();
    }

    private void run() throws Exception {
        request.choice().verify(recipe);
        Locations locations = new Locations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        ClusterCheck.verifyMaster(new SparkConf());
        List<String> notes = notes();
        RunOutput output = RunOutput.of(store.folder(recipe.output()));
        RecipeData rows = RecipeData.of(store, request.tolerant(), output.date().orElseGet(RecipeData::today));
        try (ScratchFolder scratch = ScratchFolder.of(scratch()); // it goes when Spark has ended: tasks may write on
                SparkSession spark = RunJob.session(recipe)) {
            show(rows, rows.findOrPrepare(spark, scratch::folder), notes);
        }
    }

    /** On this machine; on a cluster beside the output, which all of its machines see. */
    private Folder scratch() throws IOException {
        if (new SparkConf().get("spark.master", "local").matches("local(\\[.*)?")) {
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
            MemoryAdvice.checkFits(model, recipe);
        } catch (InvalidInputException e) {
            notes.add("a run here is refused: " + e.getMessage());
        }
        return notes;
    }

    private void show(RecipeData rows, PreparedData data, List<String> notes) throws IOException {
        DataSummary summary = DataSummary.of(recipe, data).with(notes);
        Tokenizer tokenizer = Tokenizer.shared(
                LocalCopies.tokenizer(rows.base(), recipe.cluster().localDir()),
                recipe.model().added());
        List<Preview.Group> groups = request.choice().groups(data.folder(), recipe, tokenizer);
        if (groups.isEmpty() && request.choice().rows() > 0) {
            summary = summary.with(List.of("no row is as asked for, among those that are not rejected"));
        }
        Preview preview = new Preview(recipe.name(), tokenizer, groups, summary.text());
        if (request.html().isPresent()) {
            try (OutputStream out =
                    store.write(HadoopStore.resolve(request.html().get()))) {
                out.write(preview.html().getBytes(StandardCharsets.UTF_8));
            }
        }
        if (request.json()) {
            Console.say(preview.json().setAll(summary.json()));
        } else {
            System.out.println(preview.text(Terminal.hasColours())); // colours are ours, its texts are made printable
        }
    }
}
