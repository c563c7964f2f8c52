package dev.temper.model;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;

/** Writes a full model as transformers does: weights, config.json, and the base's generation and tokenizer files. */
public final class ModelFolder {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GENERATION = "generation_config.json";
    /** Files that belong to a tokenizer or a generation config. */
    private static final Set<String> COPIED = Set.of(
            GENERATION,
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja");

    private ModelFolder() {}

    /** Writes the network's weights as they are. */
    public static void save(Folder target, Network network, Folder base) throws IOException {
        save(target, network, base, (parameter, weight) -> weight);
    }

    /** As {@link #save(Folder, Network, Folder)}, each weight through {@code last}, which adds an adapter's update. */
    public static void save(Folder target, Network network, Folder base, BiFunction<Parameter, NDArray, NDArray> last)
            throws IOException {
        List<TensorWriter.Tensor> tensors = network.architecture().parameters().stream()
                .map(parameter -> new TensorWriter.Tensor(
                        parameter.name(), parameter.shape().getShape(), () -> values(network, parameter, last)))
                .toList();
        Workspace.scoped(() -> {
            TensorWriter.write(target, "model", tensors, TensorWriter.SHARD_BYTES);
            return null;
        });
        target.writeText("config.json", config(base));
        if (!base.has(GENERATION)) {
            target.writeText(GENERATION, generationConfig(base));
        }
        copyTokenizer(target, base);
    }

    /** What transformers derives for a model that was saved without one. */
    private static String generationConfig(Folder base) throws IOException {
        JsonNode config = JSON.readTree(base.readText("config.json"));
        ObjectNode generation = JSON.createObjectNode().put("_from_model_config", true);
        for (String name : List.of("bos_token_id", "eos_token_id", "pad_token_id", "transformers_version")) {
            if (config.hasNonNull(name)) {
                generation.set(name, config.get(name));
            }
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(generation) + "\n";
    }

    private static ByteBuffer values(
            Network network, Parameter parameter, BiFunction<Parameter, NDArray, NDArray> last) {
        NDArray weight = network.dictionary(parameter.layer()).get(parameter.key());
        return Workspace.memory(last.apply(parameter, Workspace.detach(weight)));
    }

    /** The base's config, with the type that the weights are written in. */
    private static String config(Folder base) throws IOException {
        JsonNode config = JSON.readTree(base.readText("config.json"));
        ObjectNode written = config.deepCopy();
        String key = written.has("dtype") ? "dtype" : "torch_dtype";
        written.put(key, "float32");
        written.remove("_name_or_path");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(written) + "\n";
    }

    /** The tokenizer's and generation's files, so that the folder is complete. */
    public static void copyTokenizer(Folder target, Folder base) throws IOException {
        for (Store.Entry entry : base.list()) {
            if (COPIED.contains(entry.name())) {
                try (InputStream in = base.read(entry.name());
                        OutputStream out = target.write(entry.name())) {
                    in.transferTo(out);
                }
            }
        }
    }
}
