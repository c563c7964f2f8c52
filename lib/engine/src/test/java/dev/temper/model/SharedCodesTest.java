package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Quantization;
import dev.temper.quant.SharedCodes;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes that the workers of a machine share are those that each would make for itself. */
final class SharedCodesTest {
    private static final String NAME = "model.layers.1.self_attn.v_proj.weight";

    @TempDir
    private Path disk;

    private Path base;
    private Path place;
    private final List<String> warnings = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void folders() {
        base = disk.resolve("base");
        place = disk.resolve("local");
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, F32", "LLAMA, F16", "LLAMA, BF16", "GPT2, F32", "GPT2, F16", "GPT2, BF16", "PHI3, BF16"})
    void areThoseInMemory(TinyModel model, String dtype) throws Exception {
        write(model, dtype);
        for (boolean doubly : new boolean[] {false, true}) {
            Quantization quantization = new Quantization(Quantization.Type.NF4, doubly, List.of());

            Map<String, String> shared = load(Optional.of(sharing()), quantization, SharedCodesTest::none);

            assertThat(shared).isEqualTo(load(Optional.empty(), quantization, SharedCodesTest::none));
            assertThat(shared.keySet()).anyMatch(key -> key.endsWith(".codes"));
        }
        assertThat(made()).hasSize(2);
        assertThat(warnings).isEmpty();
    }

    /** Writes a tiny model in another type; its values are cut to it. */
    private void write(TinyModel model, String dtype) throws IOException {
        model.write(base);
        if (dtype.equals("F32")) {
            return;
        }
        TensorFiles files = TensorFiles.open(base, "model");
        SafetensorsFile narrow = new SafetensorsFile();
        for (String name : files.index().names()) {
            TensorInfo tensor = files.index().find(name).orElseThrow();
            ByteBuffer wide = files.bytes(name);
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(tensor.bytes() / 2)).order(ByteOrder.LITTLE_ENDIAN);
            while (wide.hasRemaining()) {
                int bits = wide.getInt();
                bytes.putShort(dtype.equals("BF16") ? (short) (bits >>> 16) : half(Float.intBitsToFloat(bits)));
            }
            narrow.add(name, dtype, tensor.shape(), bytes.array());
        }
        narrow.write(base.resolve("model.safetensors"));
    }

    /** Of a number that is neither tiny nor huge. */
    private static short half(float value) {
        int bits = Float.floatToRawIntBits(value);
        int exponent = Math.getExponent(value) + 15;
        int magnitude = exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 0x3ff);
        return (short) (((bits >>> 16) & 0x8000) | magnitude);
    }

    /** Nothing is trained. */
    private static boolean none(Parameter parameter) {
        return parameter.name().isEmpty();
    }

    private SharedCodes sharing() {
        return SharedCodes.kept(place, warnings::add);
    }

    /** Every array of the network's dictionaries, as text. */
    private Map<String, String> load(Optional<SharedCodes> codes, Quantization by, Predicate<Parameter> isTrained)
            throws IOException {
        return load(base, codes, by, isTrained);
    }

    private static Map<String, String> load(
            Path base, Optional<SharedCodes> codes, Quantization by, Predicate<Parameter> isTrained)
            throws IOException {
        StoredModel stored = StoredModel.read(base, ModelTask.causalLm(), 0).quantized(Optional.of(by));
        Map<String, String> arrays = new TreeMap<>();
        try (Workspace workspace = Workspace.open(1);
                Network network = codes.map(stored::sharing).orElse(stored).load(workspace, isTrained)) {
            for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
                for (Map.Entry<String, NDArray> entry :
                        network.dictionary(layer).arrays().entrySet()) {
                    NDArray array = entry.getValue();
                    arrays.put(layer + " " + entry.getKey(), array.getShape() + " " + hash(array));
                }
            }
        }
        return arrays;
    }

    private static int hash(NDArray array) {
        return ByteBuffer.wrap(array.toByteArray()).hashCode();
    }

    private static Quantization nf4() {
        return Quantization.nf4();
    }

    private List<Path> made() throws IOException {
        Path folder = place.resolve("temper-nf4");
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> !file.endsWith("lock")).sorted().toList();
        }
    }

    @Test
    void aSecondLoadWritesNothingThoughTheBaseWasCopied() throws Exception {
        TinyModel.LLAMA.write(base);
        Map<String, String> first = load(Optional.of(sharing()), nf4(), SharedCodesTest::none);
        List<Path> made = made();
        Path weights = made.get(0).resolve("model.safetensors");
        Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));
        Path copy = Files.createDirectory(disk.resolve("copy"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(base.resolve(file), copy.resolve(file));
        }

        assertThat(load(Optional.of(sharing()), nf4(), SharedCodesTest::none)).isEqualTo(first);
        assertThat(load(copy, Optional.of(sharing()), nf4(), SharedCodesTest::none))
                .isEqualTo(first);

        assertThat(made()).isEqualTo(made);
        assertThat(Files.getLastModifiedTime(weights).toMillis()).isEqualTo(1_000_000);
    }

    /** What is written to the file is seen in the arrays: they are no copies. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void codesAndScalesLieInTheMappedFile(boolean doubly) throws Exception {
        TinyModel.LLAMA.write(base);
        Quantization by = new Quantization(Quantization.Type.NF4, doubly, List.of());
        StoredModel stored = StoredModel.read(base, ModelTask.causalLm(), 0).quantized(Optional.of(by));
        try (Workspace workspace = Workspace.open(1);
                Network network = stored.sharing(sharing()).load(workspace)) {
            LayerWeights layer = network.dictionary(1);
            List<NDArray> arrays =
                    List.of(layer.get("v_proj.codes"), layer.get(doubly ? "v_proj.absmax_codes" : "v_proj.absmax"));
            List<Integer> before = arrays.stream().map(SharedCodesTest::hash).toList();
            TensorFiles files = TensorFiles.open(made().get(0), "model");
            try (RandomAccessFile file = new RandomAccessFile(
                    files.path(files.index().find(NAME).orElseThrow()).toFile(), "rw")) {
                for (String part : List.of(NAME, NAME + ".absmax")) {
                    file.seek(files.index().find(part).orElseThrow().offset());
                    file.write(new byte[] {1, 2, 3});
                }
            }

            assertThat(arrays.stream().map(SharedCodesTest::hash).toList()).doesNotContainAnyElementsOf(before);
        }
    }

    @Test
    void otherWeightsOfTheSameSizeAndAgeAreNotMistaken() throws Exception {
        TinyModel.LLAMA.write(base);
        Path file = base.resolve("model.safetensors");
        FileTime age = Files.getLastModifiedTime(file);
        Map<String, String> first = load(Optional.of(sharing()), nf4(), SharedCodesTest::none);
        put(NAME, 0, Float.floatToRawIntBits(5));
        Files.setLastModifiedTime(file, age);

        Map<String, String> second = load(Optional.of(sharing()), nf4(), SharedCodesTest::none);

        assertThat(second).isNotEqualTo(first).isEqualTo(load(Optional.empty(), nf4(), SharedCodesTest::none));
        assertThat(made()).hasSize(2);
    }

    private void put(String name, int element, int bits) throws IOException {
        TensorInfo tensor = TensorFiles.open(base, "model").index().find(name).orElseThrow();
        try (RandomAccessFile file =
                new RandomAccessFile(base.resolve("model.safetensors").toFile(), "rw")) {
            file.seek(tensor.offset() + (long) element * Float.BYTES);
            file.writeInt(Integer.reverseBytes(bits));
        }
    }

    @Test
    void whatIsTrainedIsNotAmongThem() throws Exception {
        TinyModel.LLAMA.write(base);
        Predicate<Parameter> isTrained = parameter -> parameter.module().endsWith("o_proj");
        load(Optional.of(sharing()), nf4(), SharedCodesTest::none);

        assertThat(load(Optional.of(sharing()), nf4(), isTrained))
                .isEqualTo(load(Optional.empty(), nf4(), isTrained))
                .containsKey("0 o_proj");
        assertThat(made()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"flipped", "cut", "no weights", "no manifest", "manifest cut", "half-written"})
    void damagedOnesAreMadeAnew(String damage) throws Exception {
        TinyModel.LLAMA.write(base);
        Map<String, String> first = load(Optional.of(sharing()), nf4(), SharedCodesTest::none);
        Path folder = made().get(0);
        Path weights = folder.resolve("model.safetensors");
        Path manifest = folder.resolve("MANIFEST.json");
        byte[] bytes = Files.readAllBytes(weights);
        switch (damage) {
            case "flipped" -> {
                bytes[bytes.length / 2] ^= 1;
                Files.write(weights, bytes);
            }
            case "cut" -> Files.write(weights, Arrays.copyOf(bytes, bytes.length - 9));
            case "no weights" -> Files.delete(weights);
            case "no manifest" -> Files.delete(manifest);
            case "manifest cut" -> Files.writeString(manifest, "{\"form");
            default -> Files.move(folder, folder.resolveSibling("part-7"));
        }

        assertThat(load(Optional.of(sharing()), nf4(), SharedCodesTest::none)).isEqualTo(first);

        assertThat(made()).containsExactly(folder);
        assertThat(Files.size(weights)).isEqualTo(bytes.length);
        assertThat(warnings).isEmpty();
    }

    @Test
    void aFolderThatCannotBeUsedIsSaidAndMemoryTaken() throws Exception {
        TinyModel.LLAMA.write(base);
        Files.writeString(place, "a file");

        Map<String, String> loaded = load(Optional.of(sharing()), nf4(), SharedCodesTest::none);

        assertThat(loaded).isEqualTo(load(Optional.empty(), nf4(), SharedCodesTest::none));
        assertThat(warnings)
                .singleElement()
                .asString()
                .startsWith("the quantized base cannot be kept in " + place)
                .contains("every worker holds it in memory of its own");
    }

    @Test
    void notANumberIsRefusedByNameAndLeavesNothing() throws Exception {
        TinyModel.LLAMA.write(base);
        put(NAME, 7, -1);

        assertThatThrownBy(() -> load(Optional.of(sharing()), nf4(), SharedCodesTest::none))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(NAME)
                .hasMessageContaining("NaN or infinity");

        assertThat(place).isEmptyDirectory();
    }

    @Test
    void threadsMakeThemOnce() throws Exception {
        TinyModel.PHI3.write(base);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<Map<String, String>> worker = () -> load(Optional.of(sharing()), nf4(), SharedCodesTest::none);
            List<Future<Map<String, String>>> workers = threads.invokeAll(Collections.nCopies(4, worker));
            for (Future<Map<String, String>> each : workers) {
                assertThat(each.get()).isEqualTo(load(Optional.empty(), nf4(), SharedCodesTest::none));
            }
        } finally {
            threads.shutdown();
        }
        assertThat(made()).hasSize(1);
    }

    /** A worker in a process of its own. */
    static final class Worker {
        private Worker() {}

        public static void main(String[] args) throws IOException {
            SharedCodes codes = SharedCodes.temporary(System.err::println);
            System.out.println(load(Path.of(args[0]), Optional.of(codes), nf4(), SharedCodesTest::none));
        }
    }

    @Test
    void processesShareThemUntilTheyEnd() throws Exception {
        TinyModel.PHI3.write(base);
        Path temporary = Files.createDirectory(disk.resolve("tmp"));
        List<Process> workers = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                workers.add(start(temporary, disk.resolve(i + ".txt")));
            }
            String expected = load(Optional.empty(), nf4(), SharedCodesTest::none)
                    .toString()
                    .strip();
            for (int i = 0; i < 3; i++) {
                assertThat(workers.get(i).waitFor(50, TimeUnit.SECONDS)).isTrue();
                assertThat(Files.readString(disk.resolve(i + ".txt")).strip())
                        .endsWith(expected)
                        .doesNotContain("cannot be");
            }
        } finally {
            workers.forEach(Process::destroyForcibly);
        }
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith("temper-")))
                    .isEmpty();
        }
    }

    private Process start(Path temporary, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Worker.class.getName(),
                        base.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS"); // the JVM would announce it
        return builder.start();
    }
}
