package dev.temper.model;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Writes a full model as transformers does: weights, config.json, and the base's generation and tokenizer files. */
public final class ModelFolder {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GENERATION = "generation_config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    /** Files that belong to a tokenizer. */
    private static final Set<String> TOKENIZER_FILES = Set.of(
            TOKENIZER,
            TOKENIZER_CONFIG,
            SPECIAL_TOKENS,
            "added_tokens.json",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja");
    /** Chat templates by name, besides the default one. */
    private static final String TEMPLATES = "additional_chat_templates";

    private ModelFolder() {}

    /**
     * Whether it is the folder of a model that can be used as it is.
     *
     * @throws dev.temper.check.InvalidInputException when there is no config.json, or the model has no head for what a
     *     model of its type does
     */
    public static void verifyUsable(Folder folder) throws IOException {
        ConfigTree.verify(folder);
        Set<Task> tasks = Families.tasks(folder);
        check(
                tasks.isEmpty() || tasks.contains(ModelTask.of(folder).kind()),
                "%s has no head for classes yet, and its kind of model continues no text: train it as a classifier"
                        + " first, or name another folder",
                folder.location());
    }

    /** Writes the network's weights in float32. */
    public static void save(Folder target, Network network, Folder base) throws IOException {
        save(target, network, base, FloatType.FLOAT32, network::weight);
    }

    /**
     * Writes the weights of a network that is trained whole, as they are.
     *
     * @param type of all of them
     */
    public static void save(Folder target, Network network, Folder base, FloatType type) throws IOException {
        save(target, network, base, type, parameter -> network.dictionary(parameter.layer())
                .master(parameter.key()));
    }

    /** As {@link #save(Folder, Network, Folder)}, each weight through {@code last}, which adds an adapter's update. */
    public static void save(Folder target, Network network, Folder base, BiFunction<Parameter, NDArray, NDArray> last)
            throws IOException {
        save(
                target,
                network,
                base,
                FloatType.FLOAT32,
                parameter -> last.apply(parameter, Workspace.detach(network.weight(parameter))));
    }

    private static void save(
            Folder target, Network network, Folder base, FloatType type, Function<Parameter, NDArray> values)
            throws IOException {
        List<TensorWriter.Tensor> tensors = network.architecture().parameters().stream()
                .map(parameter -> new TensorWriter.Tensor(
                        parameter.savedName(),
                        type.dtype(),
                        parameter.shape().getShape(),
                        () -> Workspace.memory(Workspace.detach(values.apply(parameter)))))
                .toList();
        Workspace.scoped(() -> {
            TensorWriter.write(target, "model", tensors, TensorWriter.SHARD_BYTES);
            return null;
        });
        describe(target, base, network.architecture(), type);
    }

    /**
     * Writes what belongs to the weights of a model: config.json, and the base's generation and tokenizer files.
     *
     * @param type of the weights
     */
    public static void describe(Folder target, Folder base, Architecture architecture, FloatType type)
            throws IOException {
        target.writeText("config.json", config(base, architecture, type));
        if (architecture.task().isCausal()) {
            target.writeText(
                    GENERATION, base.has(GENERATION) ? UntrustedFile.text(base, GENERATION) : generationConfig(base));
        }
        copyTokenizer(target, base);
    }

    /** What transformers derives for a model that was saved without one. */
    private static String generationConfig(Folder base) throws IOException {
        JsonNode config = ConfigTree.read(base).root();
        ObjectNode generation = JSON.createObjectNode().put("_from_model_config", true);
        for (String name : List.of("bos_token_id", "eos_token_id", "pad_token_id", "transformers_version")) {
            if (config.hasNonNull(name)) {
                generation.set(name, config.get(name));
            }
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(generation) + "\n";
    }

    /** The base's config, with the type that the weights are written in, and the head that they have. */
    private static String config(Folder base, Architecture architecture, FloatType type) throws IOException {
        ObjectNode written = ConfigTree.read(base).root();
        String key = written.has("dtype") ? "dtype" : "torch_dtype"; // its older name
        written.remove("torch_dtype");
        written.put(key, type.name().toLowerCase(Locale.ROOT));
        written.remove("_name_or_path");
        written.remove("quantization_config");
        written.putArray("architectures").add(architecture.className());
        if (!architecture.task().isCausal()) {
            putLabels(written, architecture.task());
        }
        Architecture before = Architecture.read(base, architecture.task());
        if (before.isTied() && !architecture.isTied()) {
            written.put("tie_word_embeddings", false);
        }
        if (architecture.sizes().vocabulary() != before.sizes().vocabulary()) {
            written.put("vocab_size", architecture.sizes().vocabulary());
        }
        boolean needsPadToken =
                architecture.classifier().filter(Classifier::skipsPadding).isPresent();
        if (needsPadToken && !written.hasNonNull("pad_token_id")) {
            padToken(base).ifPresent(id -> written.put("pad_token_id", id));
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(written) + "\n";
    }

    /**
     * The tokenizer's own padding, without which transformers classifies one text at a time only; none where texts
     * could end with it.
     */
    private static OptionalInt padToken(Folder base) throws IOException {
        if (!base.has(TOKENIZER_CONFIG) || !base.has(TOKENIZER)) {
            return OptionalInt.empty();
        }
        ObjectNode tokenizer = (ObjectNode) JSON.readTree(UntrustedFile.text(base, TOKENIZER_CONFIG));
        if (base.has(SPECIAL_TOKENS) && !tokenizer.has("added_tokens_decoder")) { // an older folder
            tokenizer.setAll((ObjectNode) JSON.readTree(UntrustedFile.text(base, SPECIAL_TOKENS)));
        }
        String pad = token(tokenizer.path("pad_token"));
        if (pad.isEmpty() || pad.equals(token(tokenizer.path("eos_token")))) {
            return OptionalInt.empty();
        }
        for (JsonNode added : JSON.readTree(UntrustedFile.text(base, TOKENIZER)).path("added_tokens")) {
            if (added.path("content").asText().equals(pad)) {
                return OptionalInt.of(added.path("id").asInt());
            }
        }
        return OptionalInt.empty();
    }

    /** A special token, which is a text or an object with one. */
    private static String token(JsonNode node) {
        return node.isObject() ? node.path("content").asText() : node.asText("");
    }

    private static void putLabels(ObjectNode config, ModelTask task) {
        ObjectNode labels = config.putObject("id2label");
        ObjectNode ids = config.putObject("label2id");
        for (int i = 0; i < task.numLabels(); i++) {
            labels.put(String.valueOf(i), task.labels().get(i));
            ids.put(task.labels().get(i), i);
        }
        config.put("problem_type", task.kind().problemType());
        config.remove("num_labels"); // id2label says it
    }

    /** The tokenizer's files, which belong beside a model and beside an adapter. */
    public static void copyTokenizer(Folder target, Folder base) throws IOException {
        for (String name : tokenizerFiles(base)) {
            copy(target, base, name);
        }
    }

    /**
     * Looks at the files that {@link #copyTokenizer} will copy.
     *
     * @throws dev.temper.check.InvalidInputException when one is a link out of the folder, or no file
     */
    public static void verifyTokenizer(Folder base) throws IOException {
        for (String name : tokenizerFiles(base)) {
            UntrustedFile.open(base, name).close();
        }
    }

    private static List<String> tokenizerFiles(Folder base) throws IOException {
        List<String> names = new ArrayList<>();
        for (Store.Entry entry : base.list()) {
            if (TOKENIZER_FILES.contains(entry.name())) {
                names.add(entry.name());
            }
        }
        for (Store.Entry entry : base.child(TEMPLATES).list()) {
            names.add(TEMPLATES + "/" + entry.name());
        }
        return names;
    }

    /** Puts another tokenizer in the place of the one in a folder: nothing of the old one stays. */
    public static void replaceTokenizer(Folder target, Folder from) throws IOException {
        for (String name : TOKENIZER_FILES) {
            target.delete(name);
        }
        target.delete(TEMPLATES);
        copyTokenizer(target, from);
    }

    /** Whether an adapter's folder has a tokenizer of its own, which then goes before the base's. */
    public static boolean hasTokenizer(Folder adapter) throws IOException {
        return adapter.has(TOKENIZER) && adapter.has(TOKENIZER_CONFIG);
    }

    private static void copy(Folder target, Folder from, String name) throws IOException {
        try (InputStream in = UntrustedFile.open(from, name);
                OutputStream out = target.write(name)) {
            in.transferTo(out);
        }
    }
}
