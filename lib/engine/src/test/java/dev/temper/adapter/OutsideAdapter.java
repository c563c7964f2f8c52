package dev.temper.adapter;

import static dev.temper.model.GoldenModels.floats;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * An adapter as others write it, over a tiny base, and the base that it amounts to: its weights are computed here, in
 * double precision.
 */
final class OutsideAdapter {
    static final int[] TEXT = {3, 14, 15, 9, 26, 5, 3, 5, 8, 9};
    static final int RANK = 3;
    static final double SCALE = 5.0 / RANK;
    static final String PREFIX = "base_model.model.";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path disk;
    private final Workspace workspace;
    private final Architecture base;
    private final Random random = new Random(11);
    private final Map<String, float[]> tensors = new TreeMap<>(); // of the adapter
    private final Map<String, long[]> shapes = new TreeMap<>();
    private final ObjectNode config = JSON.createObjectNode();

    private OutsideAdapter(Path disk, Workspace workspace, Architecture base) {
        this.disk = disk;
        this.workspace = workspace;
        this.base = base;
        config.put("peft_type", "LORA")
                .put("task_type", "CAUSAL_LM")
                .put("r", RANK)
                .put("lora_alpha", 5);
    }

    /** Writes a base; the adapter has nothing yet. */
    static OutsideAdapter over(TinyModel model, Path disk, Workspace workspace) throws IOException {
        Path folder = Files.createDirectories(disk.resolve("base"));
        model.write(folder);
        return new OutsideAdapter(disk, workspace, Architecture.read(Folder.local(folder)));
    }

    Architecture base() {
        return base;
    }

    ObjectNode config() {
        return config;
    }

    /** Of the adapter, by name. */
    Map<String, float[]> tensors() {
        return tensors;
    }

    Parameter parameter(String end) {
        return base.parameters().stream()
                .filter(parameter -> parameter.name().endsWith(end))
                .findFirst()
                .orElseThrow();
    }

    /** The map to the vocabulary, which a tied base has as a module, too. */
    Parameter head() {
        return Parameter.head(base.tokenEmbedding().shape());
    }

    float[] add(String name, long... shape) {
        float[] values = new float[Math.toIntExact(new Shape(shape).size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 * random.nextGaussian());
        }
        tensors.put(PREFIX + name, values);
        shapes.put(PREFIX + name, shape);
        return values;
    }

    /** The same tensor under a second name. */
    void alias(String name, String other) {
        tensors.put(PREFIX + name, tensors.get(PREFIX + other));
        shapes.put(PREFIX + name, shapes.get(PREFIX + other));
    }

    /** The two matrices of a module's update. */
    private void update(Parameter parameter, long inputs, long outputs) {
        boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
        add(parameter.module() + (isTable ? ".lora_embedding_A" : ".lora_A.weight"), RANK, inputs);
        add(parameter.module() + (isTable ? ".lora_embedding_B" : ".lora_B.weight"), outputs, RANK);
    }

    void target(Parameter... parameters) {
        for (Parameter parameter : parameters) {
            boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
            update(
                    parameter,
                    isTable ? parameter.shape().get(0) : parameter.inputs(),
                    isTable ? parameter.shape().get(1) : parameter.outputs());
            config.withArray("target_modules").add(parameter.module());
        }
    }

    Folder adapter() throws Exception {
        Path folder = Files.createDirectories(disk.resolve("adapter"));
        Files.writeString(folder.resolve("adapter_config.json"), config.toString());
        SafetensorsFile file = new SafetensorsFile();
        tensors.forEach((name, values) -> file.add(name, shapes.get(name), values));
        file.write(folder.resolve("adapter_model.safetensors"));
        return Folder.local(folder);
    }

    AdaptedModel adapted() throws Exception {
        return AdaptedModel.load(workspace, disk.resolve("base"), ModelTask.causalLm(), adapter());
    }

    /** A base with an output head of its own and the adapter's number of tokens, its weights computed here. */
    Architecture expected(int tokens) throws Exception {
        Path folder = Files.createDirectories(disk.resolve("expected"));
        ObjectNode written =
                (ObjectNode) JSON.readTree(disk.resolve("base/config.json").toFile());
        written.put("tie_word_embeddings", false).put("vocab_size", tokens);
        Files.writeString(folder.resolve("config.json"), written.toString());
        Architecture untied = Architecture.read(Folder.local(folder));
        TensorFiles files = TensorFiles.open(disk.resolve("base"), "model");
        SafetensorsFile file = new SafetensorsFile();
        for (Parameter parameter : untied.parameters()) {
            boolean isThere = files.index().find(parameter.name()).isPresent();
            float[] values = floats(
                    files, isThere ? parameter.name() : base.tokenEmbedding().name());
            file.add(parameter.name(), parameter.shape().getShape(), updated(parameter, brought(parameter, values)));
        }
        file.write(folder.resolve("model.safetensors"));
        return untied;
    }

    /** What the adapter brings for a parameter, or what the base has. */
    private float[] brought(Parameter parameter, float[] values) {
        String end = parameter.name().substring(parameter.module().length());
        for (String name : List.of(parameter.name(), parameter.module() + ".base_layer" + end)) {
            if (tensors.containsKey(PREFIX + name)) {
                return tensors.get(PREFIX + name);
            }
        }
        boolean isTiedHead = parameter.kind() == Parameter.Kind.HEAD && base.isTied();
        return isTiedHead ? brought(base.tokenEmbedding(), values) : values;
    }

    private float[] updated(Parameter parameter, float[] values) {
        boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
        String module = PREFIX + parameter.module();
        float[] bias = tensors.get(module + ".lora_B.bias");
        if (bias != null && parameter.kind() == Parameter.Kind.BIAS) {
            float[] sum = values.clone();
            IntStream.range(0, sum.length).forEach(i -> sum[i] += (float) (SCALE * bias[i]));
            return sum;
        }
        float[] down = tensors.get(module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"));
        float[] up = tensors.get(module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"));
        if (down == null || parameter.shape().dimension() < 2) {
            return values;
        }
        boolean isTurned = isTable || parameter.isTransposed(); // stored (I, O)
        int inputs = down.length / RANK;
        int outputs = up.length / RANK;
        float[] sum = values.clone();
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                double add = 0;
                for (int r = 0; r < RANK; r++) {
                    add += (double) up[o * RANK + r] * down[r * inputs + i];
                }
                sum[isTurned ? i * outputs + o : o * inputs + i] += (float) (SCALE * add);
            }
        }
        return sum;
    }

    static float[] logits(Network network) {
        return Workspace.scoped(() -> network.logits(
                        TokenStream.of(List.of(TEXT)),
                        IntStream.range(0, TEXT.length).toArray())
                .toFloatArray());
    }

    Network merged() throws Exception {
        Path folder = disk.resolve("merged");
        StoredModel stored = StoredModel.read(disk.resolve("base"), ModelTask.causalLm(), 0);
        try (MergedModel merged = MergedModel.open(workspace, stored, adapter())) {
            merged.save(Folder.local(folder), Folder.local(disk.resolve("base")), TensorWriter.SHARD_BYTES);
        }
        return Network.open(workspace, folder);
    }
}
