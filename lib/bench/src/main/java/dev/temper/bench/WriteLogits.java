package dev.temper.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TokenStream;
import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import dev.temper.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes what {@code clients/open_run.py} compares with: the logits of the token that follows each prompt. */
@Command(name = "write-logits", description = "Write the logits that follow prompts.", mixinStandardHelpOptions = true)
public final class WriteLogits implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private Path folder;

    @Option(names = "--adapter", paramLabel = "FOLDER", description = "Adapter folder over it.")
    private Path adapter;

    @Option(names = "--labels", split = ",", description = "Classes of an adapter's head over a base without one.")
    private List<String> labels = List.of();

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON file to write.")
    private Path out;

    @Option(names = "--prompt", paramLabel = "TEXT", arity = "1..*", required = true, description = "What to continue.")
    private List<String> prompts;

    public static void main(String[] args) {
        System.exit(new CommandLine(new WriteLogits()).setExpandAtFiles(false).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        ArrayNode rows = new ObjectMapper().createArrayNode();
        try (Workspace workspace = Workspace.open(1);
                Tokenizer tokenizer = Tokenizer.open(hasTokenizer(adapter) ? adapter : folder);
                Network network = network(workspace)) {
            for (String prompt : prompts) {
                int[] ids = tokenizer.encode(prompt).ids();
                ObjectNode row = rows.addObject().put("prompt", prompt);
                ArrayNode inputIds = row.putArray("input_ids");
                for (int id : ids) {
                    inputIds.add(id);
                }
                ArrayNode last = row.putArray("logits").addArray();
                for (float logit : logits(network, ids)) {
                    last.add(logit);
                }
            }
        }
        Files.writeString(out, rows.toString());
        return 0;
    }

    /** An adapter's own tokenizer counts: it may have more tokens than the base's. */
    private static boolean hasTokenizer(Path adapter) {
        return adapter != null && Files.exists(adapter.resolve("tokenizer.json"));
    }

    private Network network(Workspace workspace) throws IOException {
        return adapter == null
                ? Network.open(workspace, folder)
                : TrainedModel.withAdapter(
                                workspace,
                                StoredModel.read(folder, task(), 0),
                                Folder.local(adapter),
                                FloatType.FLOAT32)
                        .network();
    }

    private ModelTask task() throws IOException {
        return labels.isEmpty() ? ModelTask.of(Folder.local(folder)) : ModelTask.classification(labels);
    }

    private static float[] logits(Network network, int[] ids) {
        TokenStream stream = TokenStream.of(List.of(ids));
        if (network.architecture().classifier().isPresent()) {
            return network.classify(stream)[0];
        }
        return Workspace.scoped(
                () -> network.logits(stream, new int[] {ids.length - 1}).toFloatArray());
    }
}
