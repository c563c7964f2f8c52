package dev.temper.adapter;

import static dev.temper.model.GoldenModels.difference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelFolder;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LoraAdapterTest {
    private static final int[] TEXT = {3, 14, 15, 9, 26, 5, 3, 5, 8, 9};

    @TempDir
    Path disk;

    private Workspace workspace;
    private Architecture architecture;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    /** A network with an adapter. */
    private record Adapted(Network network, TrainedParameters parameters, LoraAdapter adapter) {
        /** As if trained: B is no longer zero. */
        Adapted moved() {
            Random random = new Random(5);
            for (TrainedParameters.Spec spec : parameters.specs()) {
                float[] values = new float[Math.toIntExact(spec.shape().size())];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (0.2 * random.nextGaussian());
                }
                Workspace.scoped(() -> {
                    Workspace own = network.workspace();
                    own.tensors().copy(own.floats(values, spec.shape()), parameters.weight(spec.name()));
                    return null;
                });
            }
            return this;
        }

        float[] logits() {
            return LoraAdapterTest.logits(network);
        }

        double loss(LabelledStream stream) {
            return Backpropagation.recording(network).accumulate(stream, 1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFreshAdapterIsTheBase(TinyModel model) throws Exception {
        assertThat(fresh(model, config(0, LoraConfig.ALL_LINEAR)).logits()).isEqualTo(logits(base()));
    }

    @ParameterizedTest
    @EnumSource
    void mergedComputesWhatTheAdapterComputes(TinyModel model) throws Exception {
        Adapted adapted = fresh(model, config(0, LoraConfig.ALL_LINEAR)).moved();
        Folder merged = Folder.local(disk.resolve("merged"));

        ModelFolder.save(merged, adapted.network(), Folder.local(disk), adapted.adapter()::merged);

        Network reloaded =
                Network.load(workspace, Architecture.read(merged), TensorFiles.open(disk.resolve("merged"), "model"));
        float[] expected = adapted.logits();
        assertThat(logits(reloaded)).hasSameSizeAs(expected).isNotEqualTo(logits(base()));
        assertThat(difference(workspace.floats(logits(reloaded), shape(expected)), expected))
                .isLessThan(1e-5);
    }

    /** The same values in 16 bits and in float32: what is computed with them, merged and saved is the same. */
    @ParameterizedTest
    @EnumSource
    void sixteenBitsAreTheirValues(TinyModel model) throws Exception {
        model.write(disk);
        base();
        LoraConfig config = rich(model.targets(), norm());
        Adapted adapted = fresh(model, config).moved();
        adapted.adapter().save(Folder.local(disk.resolve("adapter")), null);
        TrainedParameters narrow = new TrainedParameters(
                workspace, LoraAdapter.specs(config, architecture), FloatType.FLOAT32, FloatType.BFLOAT16);
        Network network = base();
        LoraAdapter inNarrow = LoraAdapter.load(
                AdapterFile.read(Folder.local(disk.resolve("adapter"))),
                Folder.local(disk.resolve("adapter")),
                network,
                narrow);

        inNarrow.save(Folder.local(disk.resolve("narrow")), null);
        Folder merged = Folder.local(disk.resolve("merged"));
        ModelFolder.save(merged, network, Folder.local(disk), inNarrow::merged);

        TensorFiles files = TensorFiles.open(disk.resolve("narrow"), "adapter_model");
        assertThat(files.index().names())
                .allSatisfy(name -> assertThat(files.index().find(name))
                        .map(TensorInfo::dtype)
                        .contains("BF16"));
        TrainedParameters wide = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
        Network again = base();
        LoraAdapter.load(
                AdapterFile.read(Folder.local(disk.resolve("narrow"))),
                Folder.local(disk.resolve("narrow")),
                again,
                wide);
        float[] expected = logits(again);
        Network reloaded =
                Network.load(workspace, Architecture.read(merged), TensorFiles.open(disk.resolve("merged"), "model"));
        for (Network same : List.of(network, reloaded)) {
            assertThat(difference(workspace.floats(logits(same), shape(expected)), expected))
                    .isLessThan(1e-5);
        }
        assertThat(difference(workspace.floats(adapted.logits(), shape(expected)), expected))
                .isBetween(1e-6, 0.05); // rounded once
    }

    @ParameterizedTest
    @EnumSource
    void everythingTogetherIsSavedLoadedAndMerged(TinyModel model) throws Exception {
        model.write(disk);
        base();
        LoraConfig config = rich(model.targets(), norm());
        Adapted adapted = fresh(model, config);
        assertThat(difference(workspace.floats(logits(base()), shape(logits(base()))), adapted.logits()))
                .isLessThan(1e-5);
        adapted.moved();
        Folder saved = Folder.local(disk.resolve("adapter"));
        Folder merged = Folder.local(disk.resolve("merged"));

        adapted.adapter().save(saved, null);
        ModelFolder.save(merged, adapted.network(), Folder.local(disk), adapted.adapter()::merged);

        PeftConfig read = AdapterFile.read(saved);
        assertThat(read.lora()).isEqualTo(config);
        Network again = base();
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(read, architecture));
        LoraAdapter.load(read, saved, again, parameters);
        assertThat(logits(again)).isEqualTo(adapted.logits());
        Network whole =
                Network.load(workspace, Architecture.read(merged), TensorFiles.open(disk.resolve("merged"), "model"));
        float[] expected = adapted.logits();
        assertThat(difference(workspace.floats(logits(whole), shape(expected)), expected))
                .isLessThan(1e-5);
    }

    private String norm() {
        return architecture.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.NORM)
                .map(Parameter::module)
                .findFirst()
                .orElseThrow();
    }

    private static LoraConfig rich(List<String> targets, String saved) {
        return new LoraConfig(
                "lora",
                5,
                8,
                0,
                targets,
                List.of(),
                List.of(1),
                Map.of(targets.get(0), 3),
                Map.of(targets.get(1), 2.5),
                true,
                true,
                List.of(saved),
                LoraConfig.GAUSSIAN,
                List.of(),
                Optional.empty());
    }

    @Test
    void doraWithDropoutTrainsAlikeHoweverItIsComputed() throws Exception {
        LoraConfig usual = config(0.5, "q_proj", "down_proj");
        LoraConfig dora = new LoraConfig(
                "lora",
                5,
                8,
                0.5,
                usual.targetModules(),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                true,
                List.of(),
                true,
                List.of(),
                Optional.empty());
        Adapted adapted = fresh(TinyModel.LLAMA_TIED_WITH_BIASES, dora).moved();
        LabelledStream stream = LabelledStream.of(TinyModel.rows(5));
        double loss = adapted.loss(stream);
        float[] recorded = adapted.parameters().flatGradients().toFloatArray();
        adapted.parameters().clearGradients();

        double again = Backpropagation.checkpointing(adapted.network()).accumulate(stream, 1);

        assertThat(again).isEqualTo(loss);
        assertThat(difference(adapted.parameters().flatGradients(), recorded)).isLessThan(1e-6);
    }

    @ParameterizedTest
    @EnumSource
    void aSavedAdapterComesBackAsItWas(TinyModel model) throws Exception {
        String first = model.targets().get(0);
        String second = model.targets().get(1);
        LoraConfig config = config(0.25, second, first);
        Adapted adapted = fresh(model, config).moved();
        Folder folder = Folder.local(disk.resolve("adapter"));

        adapted.adapter().save(folder, "the base");

        PeftConfig read = AdapterFile.read(folder);
        assertThat(read.lora()).isEqualTo(config(0.25, first, second)); // sorted, as PEFT's sets are not
        Network network = base();
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(read, architecture));
        LoraAdapter.load(read, folder, network, parameters);
        assertThat(parameters.flatWeights().toFloatArray())
                .isEqualTo(adapted.parameters().flatWeights().toFloatArray());
        assertThat(logits(network)).isEqualTo(adapted.logits());
    }

    @ParameterizedTest
    @EnumSource
    void theGradientReachesTheAdapterButNotTheBase(TinyModel model) throws Exception {
        Adapted adapted = fresh(model, config(0, LoraConfig.ALL_LINEAR)).moved();
        float[] before = weights(adapted.network());

        adapted.loss(LabelledStream.of(TinyModel.rows(3)));

        for (TrainedParameters.Spec spec : adapted.parameters().specs()) {
            assertThat(norm(adapted.parameters().gradient(spec.name())))
                    .as(spec.name())
                    .isPositive();
        }
        for (Parameter parameter : architecture.parameters()) {
            NDArray weight = adapted.network().dictionary(parameter.layer()).get(parameter.key());
            assertThat(weight.hasGradient()).as(parameter.name()).isFalse();
        }
        assertThat(weights(adapted.network())).isEqualTo(before);
    }

    @Test
    void theRandomStartDependsOnTheSeed() throws Exception {
        float[] one = start(1);

        assertThat(start(1)).isEqualTo(one);
        assertThat(start(2)).isNotEqualTo(one);
    }

    private float[] start(long seed) throws Exception {
        LoraConfig config = config(0, "q_proj");
        TinyModel.LLAMA.write(disk);
        Network network = base();
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
        LoraAdapter.create(config, network, parameters, seed);
        return parameters.flatWeights().toFloatArray();
    }

    @Test
    void dropoutFollowsTheRowsKeyAlone() throws Exception {
        Adapted adapted =
                fresh(TinyModel.LLAMA, config(0.5, LoraConfig.ALL_LINEAR)).moved();
        boolean[] trained = new boolean[TEXT.length];
        trained[TEXT.length - 1] = true;
        LabelledStream.Row row = new LabelledStream.Row(TEXT, trained, 1);
        LabelledStream.Row another = new LabelledStream.Row(TEXT, trained, 2);

        double loss = adapted.loss(LabelledStream.of(List.of(row)));

        assertThat(adapted.loss(LabelledStream.of(List.of(row)))).isEqualTo(loss);
        assertThat(Backpropagation.checkpointing(adapted.network()).accumulate(LabelledStream.of(List.of(row)), 1))
                .isEqualTo(loss);
        assertThat(adapted.loss(LabelledStream.of(List.of(another)))).isNotEqualTo(loss);
        double together = adapted.loss(LabelledStream.of(List.of(another, row)));
        assertThat(together - adapted.loss(LabelledStream.of(List.of(another)))).isCloseTo(loss, within(1e-5));
    }

    @Test
    void recomputationSeesTheSameDropout() throws Exception {
        Adapted adapted =
                fresh(TinyModel.LLAMA, config(0.5, LoraConfig.ALL_LINEAR)).moved();
        LabelledStream stream = LabelledStream.of(TinyModel.rows(5));
        adapted.loss(stream);
        float[] recorded = adapted.parameters().flatGradients().toFloatArray();
        adapted.parameters().clearGradients();

        Backpropagation.checkpointing(adapted.network()).accumulate(stream, 1);

        assertThat(difference(adapted.parameters().flatGradients(), recorded)).isLessThan(1e-6);
    }

    @Test
    void evaluationDropsNothing() throws Exception {
        LabelledStream stream = LabelledStream.of(TinyModel.rows(5));
        double dropped = Backpropagation.lossSum(
                fresh(TinyModel.LLAMA, config(0.5, "q_proj", "down_proj"))
                        .moved()
                        .network(),
                stream);
        double whole = Backpropagation.lossSum(
                fresh(TinyModel.LLAMA, config(0, "q_proj", "down_proj")).moved().network(), stream);

        assertThat(dropped).isEqualTo(whole);
    }

    @Test
    void namesATargetThatMatchesNothing() throws Exception {
        assertThatThrownBy(() -> fresh(TinyModel.GPT_NEO, config(0, "q_proj", "query")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("adapter.target_modules: query matches no projection of a gpt_neo model; it has "
                        + "[c_fc, c_proj, k_proj, out_proj, q_proj, v_proj]");
    }

    private Adapted fresh(TinyModel model, LoraConfig config) throws Exception {
        model.write(disk);
        Network network = base();
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
        return new Adapted(network, parameters, LoraAdapter.create(config, network, parameters, 3));
    }

    private Network base() throws Exception {
        architecture = Architecture.read(Folder.local(disk));
        return Network.load(workspace, architecture, TensorFiles.open(disk, "model"));
    }

    private static LoraConfig config(double dropout, String... targets) {
        return LoraConfig.of(5, 8, dropout, List.of(targets));
    }

    private static float[] logits(Network network) {
        return Workspace.scoped(() -> network.logits(
                        TokenStream.of(List.of(TEXT)),
                        IntStream.range(0, TEXT.length).toArray())
                .toFloatArray());
    }

    private static Shape shape(float[] values) {
        return new Shape(values.length);
    }

    private static double norm(NDArray array) {
        return Workspace.scoped(() -> (double) array.norm().getFloat());
    }

    private static float[] weights(Network network) {
        return Workspace.scoped(() -> network.architecture().parameters().stream()
                .map(p -> network.dictionary(p.layer()).get(p.key()).sum())
                .reduce(NDArray::add)
                .orElseThrow()
                .toFloatArray());
    }
}
