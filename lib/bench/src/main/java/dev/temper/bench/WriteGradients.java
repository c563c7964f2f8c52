package dev.temper.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.LabelledStream;
import dev.temper.model.Regularization;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes what {@code clients/gradients.py} compares with: the mean loss of some rows and every gradient of it. */
@Command(
        name = "write-gradients",
        description = "Write a mean loss and its gradients.",
        mixinStandardHelpOptions = true)
public final class WriteGradients implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private Path folder;

    @Option(names = "--adapter", paramLabel = "FOLDER", description = "Adapter folder over it.")
    private Path adapter;

    @Option(names = "--pass", paramLabel = "FILE", required = true, description = "JSON: rows, and what regularizes.")
    private Path pass;

    @Option(names = "--out", paramLabel = "FOLDER", required = true, description = "Where the tensors go.")
    private Path out;

    public static void main(String[] args) {
        System.exit(new CommandLine(new WriteGradients()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        JsonNode asked = new ObjectMapper().readTree(pass.toFile());
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = model(workspace)) {
            Backpropagation backpropagation = Backpropagation.recording(model.network())
                    .regularized(new Regularization(
                            asked.path("label_smoothing").asDouble(),
                            asked.path("noise_alpha").asDouble()));
            Optional<Classifier> classifier = model.network().architecture().classifier();
            double loss = classifier.isPresent()
                    ? classified(backpropagation, classifier.get(), asked.path("rows"))
                    : predicted(backpropagation, asked.path("rows"));
            System.out.println(loss);
            save(model.parameters());
        }
        return 0;
    }

    private TrainedModel model(Workspace workspace) throws IOException {
        return adapter == null
                ? TrainedModel.full(workspace, StoredModel.read(folder), FloatType.FLOAT32)
                : TrainedModel.withAdapter(
                        workspace, StoredModel.read(folder), Folder.local(adapter), FloatType.FLOAT32);
    }

    private static double predicted(Backpropagation backpropagation, JsonNode rows) {
        List<LabelledStream.Row> all = new ArrayList<>();
        for (JsonNode row : rows) {
            int[] learned = ints(row.path("learned"));
            boolean[] trained = new boolean[learned.length];
            for (int i = 0; i < learned.length; i++) {
                trained[i] = learned[i] != 0;
            }
            all.add(new LabelledStream.Row(
                    ints(row.path("ids")), trained, row.path("key").asLong()));
        }
        int targets = all.stream().mapToInt(LabelledStream.Row::targets).sum();
        return backpropagation.accumulate(LabelledStream.of(all), 1.0 / targets) / targets;
    }

    private static double classified(Backpropagation backpropagation, Classifier classifier, JsonNode rows) {
        List<ClassifiedStream.Row> all = new ArrayList<>();
        for (JsonNode row : rows) {
            all.add(new ClassifiedStream.Row(
                    ints(row.path("ids")),
                    row.path("label").floatValue(),
                    1,
                    row.path("key").asLong()));
        }
        return backpropagation.accumulate(ClassifiedStream.of(classifier, all), 1.0 / all.size()) / all.size();
    }

    private static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private void save(TrainedParameters parameters) throws IOException {
        List<TensorWriter.Tensor> tensors = parameters.specs().stream()
                .map(spec -> new TensorWriter.Tensor(
                        spec.name(), spec.shape().getShape(), () -> Workspace.memory(parameters.gradient(spec.name()))))
                .toList();
        TensorWriter.write(Folder.local(out), "gradients", tensors, Long.MAX_VALUE);
    }
}
