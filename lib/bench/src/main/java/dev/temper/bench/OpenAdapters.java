package dev.temper.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.adapter.AdaptedModel;
import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.MergedModel;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * What we make of adapters, for {@code clients/adapters_of_peft.py}: logits over the base and merged into it, loss and
 * gradients where training can go on from them, the adapter as we save it again, or why not.
 */
@Command(name = "open-adapters", description = "Open adapters and compute with them.", mixinStandardHelpOptions = true)
public final class OpenAdapters implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Parameters(
            index = "0",
            paramLabel = "LIST",
            description = "JSON: a list of objects with name, base, adapter, labels, texts of token ids, and work, a "
                    + "folder to write to.")
    private Path list;

    @Parameters(index = "1", paramLabel = "OUT", description = "JSON file to write.")
    private Path out;

    public static void main(String[] args) {
        System.exit(new CommandLine(new OpenAdapters()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        ArrayNode all = JSON.createArrayNode();
        for (JsonNode item : JSON.readTree(list.toFile())) {
            ObjectNode result = all.addObject().put("name", item.path("name").asText());
            try (Workspace workspace = Workspace.open(1)) {
                new Opened(workspace, item, result).compute();
            } catch (InvalidInputException e) {
                result.put("refused", e.getMessage());
            }
        }
        Files.writeString(out, all.toPrettyString());
        return 0;
    }

    /** One adapter. */
    private record Opened(Workspace workspace, JsonNode item, ObjectNode result) {
        void compute() throws IOException {
            StoredModel base = StoredModel.read(Path.of(item.path("base").asText()), task(), 0);
            AdaptedModel model = AdaptedModel.load(workspace, base, adapter());
            logits(model.network(), result.putArray("logits"));
            merge(base);
            if (model.network().architecture().classifier().isEmpty()) {
                train(model, base.architecture());
            }
            model.adapter().save(Folder.local(work("saved")), "the base");
            model.network().close();
        }

        private ModelTask task() throws IOException {
            List<String> labels = new ArrayList<>();
            item.path("labels").forEach(label -> labels.add(label.asText()));
            return labels.isEmpty()
                    ? ModelTask.of(Folder.local(Path.of(item.path("base").asText())))
                    : ModelTask.classification(labels);
        }

        private Folder adapter() {
            return Folder.local(Path.of(item.path("adapter").asText()));
        }

        private Path work(String name) throws IOException {
            return Files.createDirectories(Path.of(item.path("work").asText()).resolve(name));
        }

        private List<int[]> texts() {
            List<int[]> texts = new ArrayList<>();
            item.path("texts").forEach(text -> texts.add(JSON.convertValue(text, int[].class)));
            return texts;
        }

        /** Of the last position of each text, or of its classes. */
        private void logits(Network network, ArrayNode rows) {
            for (int[] ids : texts()) {
                TokenStream stream = TokenStream.of(List.of(ids));
                float[] logits = network.architecture().classifier().isPresent()
                        ? network.classify(stream)[0]
                        : Workspace.scoped(() -> network.logits(stream, new int[] {ids.length - 1})
                                .toFloatArray());
                rows.add(JSON.valueToTree(logits));
            }
        }

        private void merge(StoredModel base) throws IOException {
            Path merged = work("merged");
            try (MergedModel model = MergedModel.open(workspace, base, adapter())) {
                model.save(
                        Folder.local(merged),
                        Folder.local(Path.of(item.path("base").asText())),
                        TensorWriter.SHARD_BYTES);
            } catch (InvalidInputException e) {
                result.put("not_merged", e.getMessage());
                return;
            }
            try (Network network = Network.open(workspace, merged)) {
                logits(network, result.putArray("merged"));
            }
        }

        private void train(AdaptedModel model, Architecture base) throws IOException {
            try {
                LoraAdapter.checkTrainable(AdapterFile.read(adapter()), base);
            } catch (InvalidInputException e) {
                result.put("not_trained", e.getMessage());
                return;
            }
            List<LabelledStream.Row> rows = new ArrayList<>();
            for (int[] ids : texts()) {
                boolean[] trained = new boolean[ids.length];
                Arrays.fill(trained, true);
                rows.add(new LabelledStream.Row(ids, trained, 0));
            }
            LabelledStream stream = LabelledStream.of(rows);
            double count = stream.keep().length;
            result.put("loss", Backpropagation.recording(model.network()).accumulate(stream, 1 / count) / count);
            TrainedParameters parameters = model.adapter().parameters();
            ObjectNode gradients = result.putObject("gradients");
            for (TrainedParameters.Spec spec : parameters.specs()) {
                gradients.put(spec.name(), workspace.losses().norm(List.of(parameters.gradient(spec.name()))));
            }
        }
    }
}
