package dev.temper.train;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.storage.Store;
import dev.temper.train.optim.Optimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The checkpoints of a run: folders {@code step-00000120/} with {@code weights.safetensors},
 * {@code optimizer.safetensors}, {@code state.json} and, written last, {@code MANIFEST.json} with the size and SHA-256
 * of the others. A folder whose manifest is missing or does not match its files is ignored. Nothing is renamed, so any
 * store is suitable.
 *
 * @param folder the parent of all checkpoints
 * @param run hash of all settings that determine the result; a checkpoint with another hash is never resumed
 * @param limit maximum number of checkpoints, at least 2; an old one is deleted after the new one has been read back
 *     and verified
 */
public record Checkpoints(Folder folder, String run, int limit) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MANIFEST = "MANIFEST.json";
    private static final String STATE = "state.json";
    private static final String WEIGHTS = "weights";
    private static final String OPTIMIZER = "optimizer";
    private static final Pattern NAME = Pattern.compile("step-\\d{8}");

    public Checkpoints {
        check(limit >= 2, "training.save_total_limit must be at least 2, got %d", limit);
    }

    /**
     * Writes a checkpoint, and then deletes the oldest ones beyond the limit. Called by one worker only.
     *
     * @param best update whose checkpoint is never deleted; 0: none
     */
    void save(TrainingState state, int best, TrainedParameters parameters, Optimizer optimizer) throws IOException {
        String name = name(state.step);
        folder.delete(name); // files of an interrupted attempt
        Folder target = folder.child(name);
        List<TensorWriter.Tensor> weights = new ArrayList<>();
        for (TrainedParameters.Spec spec : parameters.specs()) {
            weights.add(new TensorWriter.Tensor(
                    spec.name(),
                    parameters.type().dtype(),
                    spec.shape().getShape(),
                    () -> Workspace.memory(parameters.weight(spec.name()))));
        }
        TensorWriter.write(target, WEIGHTS, weights, TensorWriter.SHARD_BYTES);
        TensorWriter.write(target, OPTIMIZER, optimizer.state(), TensorWriter.SHARD_BYTES);
        target.writeText(STATE, JSON.writeValueAsString(state.json().put("run", run)) + "\n");
        ObjectNode manifest = JSON.createObjectNode().put("step", state.step);
        for (Store.Entry file : target.list()) {
            manifest.withArray("files")
                    .addObject()
                    .put("name", file.name())
                    .put("bytes", file.bytes())
                    .put("sha256", target.sha256(file.name()));
        }
        target.writeText(MANIFEST, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
        if (verifies(target)) {
            letOldGo(best);
        }
    }

    /**
     * Deletes the oldest checkpoints beyond the limit, as a process that was killed may have left too many. Called by
     * one worker only, when the newest checkpoint is complete.
     *
     * @param best update whose checkpoint is never deleted; 0: none
     */
    void letOldGo(int best) throws IOException {
        List<String> names = names();
        int tooMany = Math.max(0, names.size() - limit);
        names.remove(name(best));
        for (String old : names.subList(0, Math.min(tooMany, names.size()))) {
            folder.delete(old + "/" + MANIFEST); // first, so that an incomplete deletion leaves no valid checkpoint
            folder.delete(old);
        }
    }

    private static String name(int step) {
        return String.format(Locale.ROOT, "step-%08d", step);
    }

    /**
     * The newest complete checkpoint.
     *
     * @throws dev.temper.check.InvalidInputException when it belongs to another run
     */
    Optional<Folder> newest() throws IOException {
        List<String> names = names();
        for (int i = names.size() - 1; i >= 0; i--) {
            Folder checkpoint = folder.child(names.get(i));
            if (verifies(checkpoint)) {
                String owner =
                        JSON.readTree(checkpoint.readText(STATE)).path("run").asText();
                check(
                        owner.equals(run),
                        "output: %s is of a run with other data or settings, or of another version of Temper; name"
                                + " another output or delete it",
                        checkpoint.location());
                return Optional.of(checkpoint);
            }
        }
        return Optional.empty();
    }

    /** Restores weights and optimizer from a checkpoint, and returns its state. */
    TrainingState restore(Folder checkpoint, TrainedParameters parameters, Optimizer optimizer) throws IOException {
        read(checkpoint, name -> true, local -> {
            readWeights(local, parameters);
            optimizer.restore(TensorFiles.open(local, OPTIMIZER));
        });
        return TrainingState.of(JSON.readTree(checkpoint.readText(STATE)));
    }

    /**
     * Restores the weights only, from the checkpoint of an update.
     *
     * @throws IOException when that checkpoint is missing or damaged
     */
    void restoreWeights(int step, TrainedParameters parameters) throws IOException {
        Folder checkpoint = folder.child(name(step));
        if (!verifies(checkpoint)) {
            throw new IOException(checkpoint.location()
                    + ", of the best evaluation, is gone or damaged; delete the checkpoints and run again");
        }
        read(checkpoint, name -> name.startsWith(WEIGHTS), local -> readWeights(local, parameters));
    }

    private static void readWeights(Path local, TrainedParameters parameters) throws IOException {
        TensorFiles weights = TensorFiles.open(local, WEIGHTS);
        for (TrainedParameters.Spec spec : parameters.specs()) {
            weights.read(spec.name(), Workspace.memory(parameters.weight(spec.name())));
        }
        parameters.weightsChanged();
    }

    /** An action on files on the local disk. */
    private interface Reading {
        void from(Path local) throws IOException;
    }

    private static void read(Folder checkpoint, Predicate<String> files, Reading reading) throws IOException {
        Path copy = Files.createTempDirectory("temper-checkpoint-");
        try {
            reading.from(checkpoint.localize(copy, files));
        } finally {
            new LocalStore().delete(copy.toString());
        }
    }

    private List<String> names() throws IOException {
        return folder.list().stream()
                .map(Store.Entry::name)
                .filter(name -> NAME.matcher(name).matches())
                .sorted()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static boolean verifies(Folder checkpoint) throws IOException {
        if (!checkpoint.has(MANIFEST)) {
            return false;
        }
        try {
            JsonNode files = JSON.readTree(checkpoint.readText(MANIFEST)).path("files");
            for (JsonNode file : files) {
                String name = file.path("name").asText();
                if (!checkpoint.holds(
                        name, file.path("bytes").asLong(), file.path("sha256").asText())) {
                    return false;
                }
            }
            return !files.isEmpty(); // truncated at its first byte
        } catch (JsonProcessingException e) {
            return false; // truncated
        }
    }
}
