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
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.provider.Arguments;

/**
 * A folder beside the repository with numbers that transformers and PEFT computed, {@code golden} or {@code golden5}.
 */
public record GoldenModels(Path root) {
    private static final ObjectMapper JSON = new ObjectMapper();
    /**
     * Files of golden5 in which short texts turn by the frequencies of long ones: the script takes the buffer with
     * those of short texts for the current one, into which transformers 5 copies those of each text.
     */
    private static final Set<String> MIXED =
            Set.of("models/phi3_longrope/steps.json", "models/phi3_longrope/greedy.json");

    /** The folders, and in each the causal models of the families that there are. */
    public static Stream<Arguments> causalModels() {
        return inEach(
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
    public static Stream<Arguments> classifiers() {
        return inEach("gpt2_seqcls", "llama_seqcls", "bert", "distilbert", "roberta", "bert_regression");
    }

    /** Folder, model and variant of the adapters on causal models. */
    public static Stream<Arguments> causalAdapters() {
        Stream<String> usual = Stream.of("llama", "gpt_neo", "gpt2", "phi3", "qwen2")
                .flatMap(model -> Stream.of("plain", "all_linear", "rslora").map(variant -> model + "/" + variant));
        Stream<String> further =
                Stream.of("dora", "patterns", "modules_to_save").map(variant -> "llama/" + variant);
        return inEach(Stream.concat(usual, further).toArray(String[]::new));
    }

    /** Folder, model and variant of the adapters on classifiers. */
    public static Stream<Arguments> classifierAdapters() {
        return inEach("bert/plain", "bert/all_linear", "bert/rslora");
    }

    /** Each name with its parts, in the folder of either generation of the libraries. */
    public static Stream<Arguments> inEach(String... names) {
        return all().flatMap(golden -> Stream.of(names).map(name -> {
            List<Object> arguments = new ArrayList<>(List.of(golden));
            arguments.addAll(List.of(name.split("/")));
            return Arguments.of(arguments.toArray());
        }));
    }

    /** What transformers 4.57, and what transformers 5.24 computed and saved. */
    public static Stream<GoldenModels> all() {
        Path shared = Path.of(System.getProperty("temper.shared", ""));
        return Stream.of("golden", "golden5").map(name -> new GoldenModels(shared.resolve(name)));
    }

    /** What transformers 4.57 computed; the only folder for what the libraries' newer versions left as it was. */
    public static GoldenModels open() {
        return all().findFirst().orElseThrow();
    }

    /** The folder's name, for the names of tests. */
    @Override
    public String toString() {
        return root.getFileName().toString();
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

    /**
     * A JSON file; the older folder's for {@link #MIXED}, which a plain loop in transformers 5.24 gives to the last
     * bit.
     */
    public JsonNode json(String file) throws IOException {
        return JSON.readTree(
                (MIXED.contains(file) ? open().root : root).resolve(file).toFile());
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
            rows.add(new ClassifiedStream.Row(ints(golden, "input_ids_" + k), tokenTypes, new float[] {target}, 1, 0));
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
