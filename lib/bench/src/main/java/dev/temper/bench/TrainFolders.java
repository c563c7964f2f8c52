package dev.temper.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.adapter.LoraConfig;
import dev.temper.adapter.MergedModel;
import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TokenStream;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.text.TokenRow;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingLoop;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.HeadRows;
import dev.temper.train.objective.TrainingRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Trains on token ids that a peer has chosen, many folders in one process. A case is a folder with recipe.yaml, of
 * which base, adapter and training count, and rows.jsonl; into it go ours.json, with losses and logits before and
 * after, and the recipe's output. {@code clients/both_versions.py} makes the cases and compares.
 */
@Command(name = "train-folders", description = "Train on given token ids.", mixinStandardHelpOptions = true)
public final class TrainFolders implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PROBED = 3; // rows whose logits are compared

    @Parameters(paramLabel = "CASE", arity = "1..*", description = "Folders with recipe.yaml and rows.jsonl.")
    private List<Path> cases;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new TrainFolders()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        for (Path folder : cases) {
            ObjectNode report = JSON.createObjectNode();
            try {
                train(folder, report);
            } catch (InvalidInputException e) {
                report.put("refused", e.getMessage());
            }
            Files.writeString(folder.resolve("ours.json"), report.toString());
        }
        return 0;
    }

    private static void train(Path folder, ObjectNode report) throws IOException {
        Recipe recipe =
                RecipeFile.read(new LocalStore(), folder.resolve("recipe.yaml").toString(), List.of());
        List<JsonNode> rows = Files.readAllLines(folder.resolve("rows.jsonl")).stream()
                .map(TrainFolders::parsed)
                .toList();
        Path base = Path.of(recipe.model().base());
        Folder output = Folder.local(Path.of(recipe.output()));
        boolean isAdapted = recipe.adapter().isPresent();
        try (Workspace workspace = Workspace.open(1)) {
            StoredModel stored = StoredModel.read(base, ModelTask.of(Folder.local(base)), 0);
            try (TrainedModel trained = open(workspace, stored, recipe)) {
                report.set("before", logits(trained.network(), rows));
                if (isAdapted) {
                    ModelFolder.save(output.child("base"), trained.network(), Folder.local(base));
                }
                Losses losses = new Losses(report.putArray("losses"));
                new TrainingLoop(trained, rows(rows, trained, recipe), recipe.training(), Collective.alone(), losses)
                        .run(Prompts.none(), Optional.empty());
                report.set("after", logits(trained.network(), rows));
                trained.save(output, Folder.local(base));
            }
            if (isAdapted) {
                try (MergedModel merged = MergedModel.open(workspace, stored, output.child("adapter"))) {
                    merged.save(output.child("model"), Folder.local(base), TensorWriter.SHARD_BYTES);
                }
            }
        }
    }

    private static TrainedModel open(Workspace workspace, StoredModel stored, Recipe recipe) throws IOException {
        if (recipe.adapter().isEmpty()) {
            return TrainedModel.full(workspace, stored, FloatType.FLOAT32);
        }
        LoraConfig adapter = recipe.adapter().get();
        return adapter.initFrom().isPresent()
                ? TrainedModel.withAdapter(
                        workspace,
                        stored,
                        Folder.local(Path.of(adapter.initFrom().get())),
                        FloatType.FLOAT32)
                : TrainedModel.withAdapter(
                        workspace, stored, adapter, recipe.training().seed(), FloatType.FLOAT32);
    }

    private static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new IllegalArgumentException(line, e);
        }
    }

    /** One row of each position; a classifier's one row of all. */
    private static ArrayNode logits(Network network, List<JsonNode> rows) {
        ArrayNode all = JSON.createArrayNode();
        for (JsonNode row : rows.subList(0, PROBED)) {
            int[] ids = ints(row.path("input_ids"));
            TokenStream stream = TokenStream.of(List.of(ids));
            float[] values = network.architecture().classifier().isPresent()
                    ? network.classify(stream)[0]
                    : Workspace.scoped(() -> network.logits(
                                    stream, IntStream.range(0, ids.length).toArray())
                            .toFloatArray());
            ArrayNode flat = all.addArray();
            for (float value : values) {
                flat.add(value);
            }
        }
        return all;
    }

    private static TrainingRows rows(List<JsonNode> rows, TrainedModel trained, Recipe recipe) {
        ModelTask task = trained.network().architecture().task();
        if (task.isCausal()) {
            return CausalRows.unpacked(
                    rows.stream()
                            .map(row -> TokenRow.of(ints(row.path("input_ids")), ints(row.path("labels"))))
                            .toList(),
                    List.of());
        }
        List<HeadRows.Row> classified = rows.stream()
                .map(row -> new HeadRows.Row(
                        ints(row.path("input_ids")), row.path("label").intValue()))
                .toList();
        return ClassifiedRows.of(classified, List.of(), task.labels(), recipe.training());
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    /** Of each update, before it. */
    private record Losses(ArrayNode values) implements ProgressListener {
        @Override
        public void stepped(Update update) {
            values.add(update.loss());
        }
    }
}
