package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.provider.Arguments;

/** The folder {@code golden} beside the repository: numbers computed by transformers and PEFT. */
public record GoldenModels(Path root) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The causal models of the families that there are. */
    public static Stream<String> causalModels() {
        return Stream.of(
                "llama",
                "llama_tied",
                "gpt_neo",
                "llama_rope_llama3",
                "llama_rope_linear",
                "llama_rope_dynamic",
                "llama_rope_yarn",
                "mistral_sliding",
                "qwen2",
                "qwen3",
                "phi3",
                "phi3_longrope",
                "gpt2",
                "gemma2",
                "gemma3_text");
    }

    /** The models that classify, or give a number. */
    public static Stream<String> classifiers() {
        return Stream.of("gpt2_seqcls", "llama_seqcls", "bert", "distilbert", "roberta", "bert_regression");
    }

    /** Model and variant of the adapters on causal models. */
    public static Stream<Arguments> causalAdapters() {
        Stream<Arguments> usual = Stream.of("llama", "gpt_neo", "gpt2", "phi3", "qwen2")
                .flatMap(model ->
                        Stream.of("plain", "all_linear", "rslora").map(variant -> Arguments.of(model, variant)));
        Stream<Arguments> further =
                Stream.of("dora", "patterns", "modules_to_save").map(variant -> Arguments.of("llama", variant));
        return Stream.concat(usual, further);
    }

    /** Model and variant of the adapters on classifiers. */
    public static Stream<Arguments> classifierAdapters() {
        return Stream.of("plain", "all_linear", "rslora").map(variant -> Arguments.of("bert", variant));
    }

    public static GoldenModels open() {
        return new GoldenModels(Path.of(System.getProperty("temper.shared"), "golden"));
    }

    public Architecture architecture(String model) throws IOException {
        return Architecture.read(Folder.local(root.resolve("models").resolve(model)));
    }

    public TensorFiles weights(String model) throws IOException {
        return TensorFiles.open(root.resolve("models").resolve(model), "model");
    }

    public TensorFiles golden(String folder) throws IOException {
        return TensorFiles.open(root.resolve(folder), "golden");
    }

    public JsonNode json(String file) throws IOException {
        return JSON.readTree(root.resolve(file).toFile());
    }

    public static float[] floats(TensorFiles files, String name) throws IOException {
        FloatBuffer buffer = files.bytes(name).asFloatBuffer();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    public static int[] ints(TensorFiles files, String name) throws IOException {
        ByteBuffer bytes = files.bytes(name);
        TensorInfo info = files.index().find(name).orElseThrow();
        int[] values = new int[(int) info.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) bytes.getLong(8 * i);
        }
        return values;
    }

    /** The two sequences of a golden file. */
    public static List<Row> rows(TensorFiles golden) throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int k = 0; k < 2; k++) {
            rows.add(row(ints(golden, "input_ids_" + k), ints(golden, "labels_" + k)));
        }
        return rows;
    }

    /** The two texts of a classifier's golden file. */
    public static List<ClassifiedStream.Row> classifiedRows(TensorFiles golden) throws IOException {
        List<ClassifiedStream.Row> rows = new ArrayList<>();
        for (int k = 0; k < 2; k++) {
            String name = "labels_" + k;
            boolean isNumber = golden.index().find(name).orElseThrow().dtype().equals("F32");
            float target = isNumber ? floats(golden, name)[0] : ints(golden, name)[0];
            String types = "token_type_ids_" + k;
            int[] tokenTypes = golden.index().find(types).isPresent() ? ints(golden, types) : new int[0];
            rows.add(new ClassifiedStream.Row(ints(golden, "input_ids_" + k), tokenTypes, target, 1, 0));
        }
        return rows;
    }

    public static Row row(int[] ids, int[] labels) {
        boolean[] trained = new boolean[ids.length];
        for (int i = 0; i < ids.length; i++) {
            trained[i] = labels[i] != -100;
        }
        return new Row(ids, trained, 0);
    }

    public static List<Row> rows(JsonNode batch) {
        return StreamSupport.stream(batch.spliterator(), false)
                .map(node -> row(ints(node.path("input_ids")), ints(node.path("labels"))))
                .toList();
    }

    public static int[] ints(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    /** Largest absolute difference. */
    public static double difference(NDArray array, float[] expected) {
        float[] actual = array.toType(DataType.FLOAT32, false).toFloatArray();
        if (actual.length != expected.length) {
            throw new AssertionError(actual.length + " elements, expected " + expected.length);
        }
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            double d = Math.abs(actual[i] - expected[i]);
            worst = d > worst || Double.isNaN(d) ? d : worst;
        }
        return worst;
    }

    /** As {@link #difference}, over the largest expected value when that is above 1. */
    public static double gradientDifference(NDArray array, float[] expected) {
        double largest = 1;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        return difference(array, expected) / largest;
    }

    static Workspace workspace() {
        return Workspace.open(1);
    }
}
