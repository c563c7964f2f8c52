package dev.temper.adapter;

import static dev.temper.model.GoldenModels.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.LayerWeights;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.SplitMix;
import dev.temper.model.StoredModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Published adapters on random bases of their shapes, but for a small vocabulary: what the adapter computes is what a
 * base computes into whose weights it was merged here, in double precision.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class RealAdaptersAcceptanceTest {
    private static final int[] TEXT = {101, 7, 300, 45, 999, 12, 512, 8, 3, 102};

    /** An adapter, its base's config.json, and the classes of its head. */
    enum Published {
        DISTILBERT_IMDB_LORA_SEQCLS(
                2, 16.0 / 8, "{\"model_type\": \"distilbert\", \"vocab_size\": 1000, \"max_position_embeddings\": 64}"),
        GPT2_LORA_SEQCLS(
                6,
                8.0 / 8,
                "{\"model_type\": \"gpt2\", \"vocab_size\": 1000, \"n_positions\": 64, \"pad_token_id\": 0}"),
        GPTNEO125M_LORA_CAUSAL(
                0,
                16.0 / 8,
                """
                {"model_type": "gpt_neo", "vocab_size": 1000, "max_position_embeddings": 64, "hidden_size": 768,
                 "num_layers": 12, "num_heads": 12, "attention_types": [[["global", "local"], 6]]}
                """);

        private final int classes;
        private final double scale;
        private final String config;

        Published(int classes, double scale, String config) {
            this.classes = classes;
            this.scale = scale;
            this.config = config;
        }

        Path folder() {
            String name = name().toLowerCase(Locale.ROOT);
            return Path.of(System.getProperty("temper.shared"), "fixtures/adapters", name);
        }

        ModelTask task() {
            List<String> labels =
                    IntStream.range(0, classes).mapToObj(i -> "LABEL_" + i).toList();
            return labels.isEmpty() ? ModelTask.causalLm() : ModelTask.classification(labels);
        }

        /** Writes a base without a classifier's head. */
        Architecture writeBase(Path folder) throws Exception {
            Files.writeString(folder.resolve("config.json"), config);
            Architecture architecture = Architecture.read(Folder.local(folder), task());
            List<TensorWriter.Tensor> tensors = architecture.parameters().stream()
                    .filter(parameter -> !isHead(architecture, parameter))
                    .map(parameter -> new TensorWriter.Tensor(
                            parameter.name(), parameter.shape().getShape(), () -> random(parameter)))
                    .toList();
            TensorWriter.write(Folder.local(folder), "model", tensors, Long.MAX_VALUE);
            return architecture;
        }
    }

    private static boolean isHead(Architecture architecture, Parameter parameter) {
        return architecture
                .classifier()
                .filter(classifier -> classifier.owns(parameter))
                .isPresent();
    }

    /** Uniform around 0, of a norm around 1. */
    private static ByteBuffer random(Parameter parameter) {
        int count = Math.toIntExact(parameter.shape().size());
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.LITTLE_ENDIAN);
        long seed = SplitMix.mix(parameter.name().hashCode());
        float middle = parameter.kind() == Parameter.Kind.NORM ? 1 : 0;
        for (int i = 0; i < count; i++) {
            double unit = (SplitMix.mix(seed + i) >>> 11) * 0x1.0p-53;
            bytes.putFloat(middle + (float) (0.1 * unit - 0.05));
        }
        return bytes.flip();
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void computesWhatTheMergedBaseComputes(Published published) throws Exception {
        Architecture architecture = published.writeBase(folder);
        try (Workspace workspace = Workspace.open(2)) {
            TensorFiles files = TensorFiles.open(folder, "model");
            NewHead head = NewHead.of(architecture, Folder.local(folder), files.index(), 1);
            Network network = new StoredModel(architecture, files, head).load(workspace);
            Folder adapter = Folder.local(published.folder());
            PeftConfig config = AdapterFile.read(adapter, published.task());
            TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter.checkSaved(head, parameters.specs());
            LoraAdapter.load(config, adapter, network, parameters);
            TensorFiles tensors = TensorFiles.open(published.folder(), "adapter_model");

            float[] adapted = logits(network);

            Network base = new StoredModel(architecture, files, head).load(workspace);
            merge(base, tensors, 0); // the adapter's head alone
            assertThat(worst(logits(base), adapted)).isGreaterThan(1e-3);
            merge(base, tensors, published.scale);
            assertThat(adapted).containsExactly(logits(base), within(2e-5f));
        }
    }

    private static double worst(float[] one, float[] other) {
        return IntStream.range(0, one.length)
                .mapToDouble(i -> Math.abs(one[i] - other[i]))
                .max()
                .orElseThrow();
    }

    static float[] logits(Network network) {
        TokenStream stream = TokenStream.of(List.of(TEXT));
        if (!network.architecture().task().isCausal()) {
            return network.classify(stream)[0];
        }
        return Workspace.scoped(
                () -> network.logits(stream, new int[] {TEXT.length - 1}).toFloatArray());
    }

    private static void merge(Network network, TensorFiles adapter, double scale) throws Exception {
        int changed = 0;
        for (Parameter parameter : network.architecture().parameters()) {
            String whole = "base_model.model." + parameter.name();
            String module = "base_model.model." + parameter.module();
            LayerWeights layer = network.dictionary(parameter.layer());
            if (adapter.index().find(whole).isPresent()) {
                layer.put(parameter.key(), network.workspace().floats(floats(adapter, whole), parameter.shape()));
                changed++;
            } else if (parameter.isProjection()
                    && adapter.index().find(module + ".lora_A.weight").isPresent()) {
                float[] values = layer.get(parameter.key()).toFloatArray();
                float[] down = floats(adapter, module + ".lora_A.weight");
                float[] up = floats(adapter, module + ".lora_B.weight");
                add(parameter, down, up, new Sum(values, scale));
                layer.put(parameter.key(), network.workspace().floats(values, parameter.shape()));
                changed += 2;
            }
        }
        assertThat(changed).isEqualTo(adapter.index().names().size());
    }

    /** Weights, and what is multiplied with what is added to them. */
    private record Sum(float[] weights, double scale) {}

    /** Adds {@code scale * B A}, A (R, I) and B (O, R), to weights that are stored (O, I) or (I, O). */
    private static void add(Parameter parameter, float[] down, float[] up, Sum sum) {
        int inputs = Math.toIntExact(parameter.inputs());
        int outputs = Math.toIntExact(parameter.outputs());
        int rank = down.length / inputs;
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                double update = 0;
                for (int r = 0; r < rank; r++) {
                    update += (double) up[o * rank + r] * down[r * inputs + i];
                }
                int at = parameter.isTransposed() ? i * outputs + o : o * inputs + i;
                sum.weights()[at] = (float) (sum.weights()[at] + sum.scale() * update);
            }
        }
    }
}
