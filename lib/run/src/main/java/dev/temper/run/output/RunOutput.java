package dev.temper.run.output;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.recipe.YamlText;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.storage.Folder;
import dev.temper.storage.RecordingStore;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import dev.temper.track.Metric;
import java.io.IOException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The output folder of a run: whose it is, and the tables and files in it. */
public final class RunOutput {
    static final String MANIFEST = "manifest.json";
    public static final String PREPARED = "prepared";
    static final String RUN = "run.yaml";
    static final String RUNNING = "running";
    private static final String FINISHED = "finished";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ParquetTable METRICS = new ParquetTable(List.of(
            new Column("step", Kind.LONG),
            new Column("name", Kind.STRING),
            new Column("value", Kind.DOUBLE),
            new Column("time", Kind.TIMESTAMP)));

    /** What a command that only tries left behind when it was killed. */
    public static final String TRIAL = "trial-of-writing";

    // The first line of run.yaml, which is written first of all: whose a run is that died before its manifest was
    // there.
    private static final String HASH = "# recipe_hash: ";

    private final RecordingStore written;
    private final Folder folder;

    private RunOutput(Folder folder) {
        this.written = new RecordingStore(folder.store());
        this.folder = new Folder(written, folder.location());
    }

    /** The folder of the run that wrote a model or an adapter. */
    public static Folder above(Store store, String location) {
        String folder = location.replaceAll("/+$", "");
        return new Folder(store, folder.substring(0, folder.lastIndexOf('/')));
    }

    /** What a run was told that its model answers; empty for a folder that no run has written. */
    public static Optional<ModelTask> task(Folder run) throws IOException {
        if (!run.has(RUN)) {
            return Optional.empty();
        }
        JsonNode model = YamlText.parse(run.readText(RUN), run.location(RUN)).path("model");
        List<String> labels = new ArrayList<>();
        model.path("labels").forEach(label -> labels.add(label.asText()));
        Optional<Task> named = Task.of(model.path("task").asText());
        Optional<Task> usual = labels.isEmpty() ? Optional.empty() : Optional.of(Task.SEQUENCE_CLASSIFICATION);
        return named.or(() -> usual).map(task -> new ModelTask(task, labels));
    }

    /** Whether the rows of a run may have gone through a chat template; so they may where no run is. */
    public static boolean mayUseTemplate(Folder run) throws IOException {
        if (!run.has(RUN)) {
            return true;
        }
        String recipe = UntrustedFile.text(run, RUN); // as strange as the model below it
        JsonNode data = YamlText.parse(recipe, run.location(RUN)).path("data");
        return !data.path("chat_template").asText().equals("none")
                && !data.path("format").asText().equals("text");
    }

    /** What the folder holds before a run. */
    public enum State {
        FREE,
        UNFINISHED,
        FINISHED
    }

    public static RunOutput of(Folder folder) {
        return new RunOutput(folder);
    }

    /**
     * Whether the recipe may write here. Any file may be cut off or missing that a run, killed at any time, was to
     * write next.
     *
     * @throws dev.temper.check.InvalidInputException when another recipe has been run into this folder, or it holds
     *     files that are no run's
     */
    public State state(Recipe recipe) throws IOException {
        Set<String> names = names();
        if (names.isEmpty()) {
            return State.FREE; // temper prepare was here, or nobody
        }
        JsonNode manifest = manifest();
        String begun = text(RUN).orElse("");
        String line = HASH + RecipeIdentity.hash(recipe) + "\n";
        boolean isAnothers = begun.startsWith(HASH) && !begun.startsWith(line) && !line.startsWith(begun);
        if (manifest.isObject() || begun.startsWith(line) || isAnothers) {
            boolean isOurs = manifest.isObject()
                    ? manifest.path("recipe_hash").asText().equals(RecipeIdentity.hash(recipe))
                    : begun.startsWith(line);
            checkOurs(recipe, isOurs);
            return manifest.path("status").asText().equals(FINISHED) ? finished(manifest) : State.UNFINISHED;
        }
        boolean isNothing = Set.of(RUN, MANIFEST).containsAll(names)
                && line.startsWith(begun)
                && text(MANIFEST).orElse("").isEmpty();
        checkRuns(isNothing);
        return State.FREE;
    }

    /** @throws InvalidInputException when there are files that are no run's, of whatever recipe */
    public void verifyPlace() throws IOException {
        Set<String> names = names();
        checkRuns(names.isEmpty() || names.contains(RUN) || names.contains(MANIFEST));
    }

    /** Of all that a run, and not a preparation, has written. */
    private Set<String> names() throws IOException {
        Set<String> names = new TreeSet<>();
        OwnFolder.files(folder).forEach(entry -> names.add(entry.name()));
        names.removeAll(Set.of(PREPARED, TRIAL));
        return names;
    }

    private void checkRuns(boolean isRuns) {
        check(
                isRuns,
                "output: %s holds files that are no run of Temper; name another folder or empty it",
                folder.location());
    }

    private void checkOurs(Recipe recipe, boolean isOurs) throws IOException {
        JsonNode begun = begun();
        if (!isOurs || RecipeIdentity.isDecidedOtherwise(recipe, begun)) {
            String differences = RecipeIdentity.differences(recipe, begun);
            throw invalid(
                    "output: %s holds the run of another recipe%s; name another folder or empty it",
                    folder.location(), differences.isEmpty() ? "" : ": " + differences);
        }
    }

    private State finished(JsonNode manifest) throws IOException {
        Optional<String> fault = WrittenFiles.of(manifest).faultOfFinished(folder);
        check(
                fault.isEmpty(),
                "output: %s holds the finished run of this recipe, but %s; bring it back, or name another folder or"
                        + " empty it",
                folder.location(),
                fault.orElse(""));
        return State.FINISHED;
    }

    /** The recipe of the finished run here; empty where none is. */
    public Optional<Recipe> finishedRecipe() throws IOException {
        boolean isFinished = manifest().path("status").asText().equals(FINISHED);
        return isFinished && begun() instanceof ObjectNode begun
                ? Optional.of(RecipeFile.ofResolved(begun))
                : Optional.empty();
    }

    /** Missing where there is none, or it was cut off. */
    public JsonNode manifest() throws IOException {
        try {
            return JSON.readTree(text(MANIFEST).orElse(""));
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private Optional<String> text(String name) throws IOException {
        return folder.bytes(name).isPresent() ? Optional.of(folder.readText(name)) : Optional.empty();
    }

    /**
     * Written first.
     *
     * @param recipe whose run it is
     * @param chosen the same with what it leaves open
     * @param date what the templates were told is today; empty where none asked
     */
    public void writeRecipe(Recipe recipe, Recipe chosen, String date) throws IOException {
        writeIfChanged(RUN, HASH + RecipeIdentity.hash(recipe) + "\n" + RecipeFile.resolved(chosen, date));
    }

    /** What an unfinished run here computes in. */
    public Optional<Recipe.Precision> precision() throws IOException {
        String label = begun().at("/model/precision").asText();
        return Arrays.stream(Recipe.Precision.values())
                .filter(precision -> precision.label().equals(label) && precision != Recipe.Precision.AUTO)
                .findFirst();
    }

    /** The day that an unfinished run here has told its templates; it goes on with the same rows. */
    public Optional<LocalDate> date() throws IOException {
        try {
            return Optional.of(LocalDate.parse(begun().at("/data/date").asText()));
        } catch (DateTimeParseException e) {
            return Optional.empty(); // none, or cut off
        }
    }

    /** The recipe of an unfinished run here; missing where there is none, or it was cut off. */
    private JsonNode begun() throws IOException {
        try {
            return YamlText.parse(text(RUN).orElse(""), folder.location(RUN));
        } catch (InvalidInputException e) {
            return MissingNode.getInstance();
        }
    }

    // A store may show nothing of a file while it is replaced.
    private void writeIfChanged(String name, String text) throws IOException {
        if (text(name).equals(Optional.of(text))) {
            wrote(Map.of(folder.location(name), folder.bytes(name).orElseThrow()));
        } else {
            folder.writeText(name, text);
        }
    }

    /** Adds files that a worker wrote, by location. */
    public void wrote(Map<String, Long> files) {
        written.add(files);
    }

    public void writeManifest(ObjectNode manifest) throws IOException {
        writeIfChanged(MANIFEST, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
    }

    /**
     * Says that the run is finished.
     *
     * @throws FailedRunException when a file is not there with the size that it was written with
     */
    public void writeManifestFinished(ObjectNode manifest) throws IOException {
        Map<String, Long> files = new TreeMap<>();
        written.written()
                .forEach((file, bytes) ->
                        files.put(file.substring(folder.location().length() + 1), bytes));
        files.remove(MANIFEST); // it is written again
        WrittenFiles all = new WrittenFiles(files);
        Optional<String> fault = all.fault(folder);
        if (fault.isPresent()) {
            throw new FailedRunException("output: " + folder.location() + " is not as the run has written it: "
                    + fault.get() + "; run the same command again");
        }
        all.addTo(manifest);
        writeManifest(manifest.put("status", FINISHED));
    }

    /** Says that a run of this recipe that had begun did not finish, and why; nothing where none had. */
    public void writeManifestEnded(Recipe recipe, RunFailure failure) throws IOException {
        if (manifest() instanceof ObjectNode manifest
                && manifest.path("status").asText().equals(RUNNING)
                && manifest.path("recipe_hash").asText().equals(RecipeIdentity.hash(recipe))) {
            writeManifest(manifest.put("status", failure.isInterruption() ? "interrupted" : "failed")
                    .put("exit_code", failure.code())
                    .put("error", failure.message()));
        }
    }

    public void writeMetrics(List<Metric> metrics) throws IOException {
        METRICS.write(
                folder.child("metrics"),
                metrics.stream()
                        .map(metric -> List.of(metric.step(), metric.name(), metric.value(), metric.time()))
                        .toList());
    }

    /** Tables of {@code evaluation/}. */
    public EvaluationTables evaluation() {
        return new EvaluationTables(folder.child("evaluation"));
    }

    public void writeReport(String html) throws IOException {
        folder.writeText("report.html", html);
    }

    /** @param model folder of what was trained */
    public void writeModelCard(String model, String markdown) throws IOException {
        folder.child(model).writeText("README.md", markdown);
    }

    public void writeRejected(PreparedData data) throws IOException {
        data.copyRejected(folder.child("rejected"));
    }

    public Folder folder() {
        return folder;
    }
}
