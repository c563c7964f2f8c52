package dev.temper.jobs;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.spark.ParquetTable;
import dev.temper.spark.ParquetTable.Column;
import dev.temper.spark.ParquetTable.Kind;
import dev.temper.spark.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.track.Metric;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The output folder of a run: whose it is, and the tables and files in it. */
final class RunOutput {
    static final String MANIFEST = "manifest.json";
    static final String PREPARED = "prepared";
    static final String RUN = "run.yaml";
    private static final String FINISHED = "finished";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ParquetTable METRICS = new ParquetTable(List.of(
            new Column("step", Kind.LONG),
            new Column("name", Kind.STRING),
            new Column("value", Kind.DOUBLE),
            new Column("time", Kind.TIMESTAMP)));

    private final Folder folder;
    private final boolean existed;
    private final Optional<Path> firstMade;

    private RunOutput(Folder folder, boolean existed, Optional<Path> firstMade) {
        this.folder = folder;
        this.existed = existed;
        this.firstMade = firstMade;
    }

    /** The folder of the run that wrote a model or an adapter. */
    static Folder above(Store store, String location) {
        String folder = location.replaceAll("/+$", "");
        return new Folder(store, folder.substring(0, folder.lastIndexOf('/')));
    }

    /** Names of classes that a run was told; empty for a folder that no run has written. */
    static List<String> labels(Folder run) throws IOException {
        List<String> labels = new ArrayList<>();
        if (run.has(RUN)) {
            YamlText.parse(run.readText(RUN), run.location(RUN))
                    .at("/model/labels")
                    .forEach(label -> labels.add(label.asText()));
        }
        return labels;
    }

    /** Whether the rows of a run may have gone through a chat template; so they may where no run is. */
    static boolean mayUseTemplate(Folder run) throws IOException {
        if (!run.has(RUN)) {
            return true;
        }
        JsonNode data = YamlText.parse(run.readText(RUN), run.location(RUN)).path("data");
        return !data.path("chat_template").asText().equals("none")
                && !data.path("format").asText().equals("text");
    }

    /** What the folder holds before a run. */
    enum State {
        FREE,
        UNFINISHED,
        FINISHED
    }

    static RunOutput of(Folder folder) throws IOException {
        Optional<Path> path = folder.store().localPath(folder.location());
        return new RunOutput(folder, !folder.list().isEmpty(), path.flatMap(RunOutput::firstMissing));
    }

    /** The uppermost folder that is not there yet: what writing would make. */
    private static Optional<Path> firstMissing(Path path) {
        Path missing = path.toAbsolutePath();
        while (missing.getParent() != null && Files.notExists(missing.getParent())) {
            missing = missing.getParent();
        }
        return Files.exists(missing) ? Optional.empty() : Optional.of(missing);
    }

    /**
     * Whether the recipe may write here.
     *
     * @throws dev.temper.check.InvalidInputException when another recipe has been run into this folder, or it holds
     *     files that are no run's
     */
    State state(Recipe recipe) throws IOException {
        if (folder.list().stream().allMatch(entry -> entry.name().equals(PREPARED))) {
            return State.FREE; // temper prepare was here, or nobody
        }
        check(
                folder.has(MANIFEST),
                "output: %s holds files that are no run of Temper; name another folder or empty it",
                folder.location());
        JsonNode manifest;
        try {
            manifest = JSON.readTree(folder.readText(MANIFEST));
        } catch (JsonProcessingException e) {
            throw invalid("output: %s is damaged; name another folder or empty it", folder.location(MANIFEST));
        }
        check(
                manifest.path("recipe_hash").asText().equals(recipe.hash()),
                "output: %s holds the run of another recipe; name another folder or empty it",
                folder.location());
        return manifest.path("status").asText().equals(FINISHED) ? State.FINISHED : State.UNFINISHED;
    }

    /** Finds out that nothing can be written while nothing has been paid for. */
    void tryWriting() throws IOException {
        String name = "trial-of-writing";
        try {
            folder.writeText(name, "temper");
            folder.delete(name);
        } catch (IOException | RuntimeException e) {
            undo();
            throw invalid("output: %s cannot be written: %s; name another folder", folder.location(), reason(e));
        }
    }

    /** Why a place cannot be reached or written, in a few words. */
    static String reason(Exception failure) {
        String message =
                String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        return message.contains(" ") ? message : failure.getClass().getSimpleName() + " " + message;
    }

    /** Takes back what a run that could not begin has written, folders made on the way to it included. */
    void undo() throws IOException {
        if (existed) {
            return;
        }
        for (Store.Entry entry : folder.list()) {
            folder.delete(entry.name());
        }
        if (firstMade.isPresent()) {
            Path path =
                    folder.store().localPath(folder.location()).orElseThrow().toAbsolutePath();
            while (path.startsWith(firstMade.get()) && isEmptied(path)) {
                path = path.getParent();
            }
        }
    }

    // Another run may have begun to write beside this one.
    private static boolean isEmptied(Path folder) throws IOException {
        try {
            if (Files.exists(folder)) {
                Files.delete(folder);
            }
            return true;
        } catch (DirectoryNotEmptyException e) {
            return false;
        }
    }

    /** @param date what the templates were told is today; empty where none asked */
    void writeRecipe(Recipe recipe, String date) throws IOException {
        folder.writeText(RUN, recipe.resolved(date));
    }

    /** What an unfinished run here computes in. */
    Optional<Recipe.Precision> precision() throws IOException {
        if (!folder.has(RUN)) {
            return Optional.empty();
        }
        String label = YamlText.parse(folder.readText(RUN), folder.location(RUN))
                .at("/model/precision")
                .asText();
        return Arrays.stream(Recipe.Precision.values())
                .filter(precision -> precision.label().equals(label) && precision != Recipe.Precision.AUTO)
                .findFirst();
    }

    /** The day that an unfinished run here has told its templates; it goes on with the same rows. */
    Optional<LocalDate> date() throws IOException {
        if (!folder.has(RUN)) {
            return Optional.empty();
        }
        String date = YamlText.parse(folder.readText(RUN), folder.location(RUN))
                .at("/data/date")
                .asText();
        return date.isEmpty() ? Optional.empty() : Optional.of(LocalDate.parse(date));
    }

    void writeManifest(ObjectNode manifest) throws IOException {
        folder.writeText(MANIFEST, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
    }

    void writeManifestFinished(ObjectNode manifest) throws IOException {
        writeManifest(manifest.put("status", FINISHED));
    }

    void writeMetrics(List<Metric> metrics) throws IOException {
        METRICS.write(
                folder.child("metrics"),
                metrics.stream()
                        .map(metric -> List.of(metric.step(), metric.name(), metric.value(), metric.time()))
                        .toList());
    }

    /** Tables of {@code evaluation/}. */
    EvaluationTables evaluation() {
        return new EvaluationTables(folder.child("evaluation"));
    }

    void writeReport(String html) throws IOException {
        folder.writeText("report.html", html);
    }

    /** @param model folder of what was trained */
    void writeModelCard(String model, String markdown) throws IOException {
        folder.child(model).writeText("README.md", markdown);
    }

    void writeRejected(PreparedData data) throws IOException {
        data.copyRejected(folder.child("rejected"));
    }

    Folder folder() {
        return folder;
    }
}
