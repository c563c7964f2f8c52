package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyClassifier;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters of models that classify: the head is trained and saved beside them. */
final class ClassifierAdapterTest {
    private static final TokenStream TEXTS = TokenStream.of(List.of(new int[] {3, 14, 15, 9, 26}, new int[] {8, 2}));
    private static final List<ClassifiedStream.Row> ROWS = TinyClassifier.rows(5);

    @TempDir
    Path disk;

    private Workspace workspace;

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
        double accumulate(boolean checkpointing) {
            parameters.clearGradients();
            Classifier classifier = network.architecture().classifier().orElseThrow();
            Backpropagation backpropagation =
                    checkpointing ? Backpropagation.checkpointing(network) : Backpropagation.recording(network);
            return backpropagation.accumulate(ClassifiedStream.of(classifier, ROWS), 1);
        }

        /** As if trained. */
        Adapted moved() {
            Random random = new Random(5);
            float[] values = new float[Math.toIntExact(parameters.count())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
            }
            Workspace.scoped(() -> {
                Workspace own = network.workspace();
                var flat = parameters.flatWeights();
                own.tensors().copy(own.floats(values, flat.getShape()), flat);
                return null;
            });
            return this;
        }
    }

    private Network base() throws Exception {
        Architecture architecture = Architecture.read(Folder.local(disk));
        return Network.load(workspace, architecture, TensorFiles.open(disk, "model"));
    }

    private Adapted fresh(TinyClassifier model, double dropout, List<String> targets) throws Exception {
        model.write(disk);
        Network network = base();
        LoraConfig config = LoraConfig.of(5, 8, dropout, targets);
        TrainedParameters parameters =
                new TrainedParameters(workspace, LoraAdapter.specs(config, network.architecture()));
        return new Adapted(network, parameters, LoraAdapter.create(config, network, parameters, 3));
    }

    private static void assertClose(float[][] actual, float[][] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).containsExactly(expected[i], within(1e-5f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFreshAdapterIsTheBase(TinyClassifier model) throws Exception {
        Adapted adapted = fresh(model, 0, List.of(LoraConfig.ALL_LINEAR));

        float[][] actual = adapted.network().classify(TEXTS);
        float[][] expected = base().classify(TEXTS);
        for (int i = 0; i < expected.length; i++) { // the heads lie elsewhere, and some processors' products show it
            assertThat(actual[i]).containsExactly(expected[i], within(5e-8f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void mergedComputesWhatTheAdapterComputes(TinyClassifier model) throws Exception {
        Adapted adapted = fresh(model, 0, List.of(LoraConfig.ALL_LINEAR)).moved();
        Path merged = disk.resolve("merged");

        ModelFolder.save(Folder.local(merged), adapted.network(), Folder.local(disk), adapted.adapter()::merged);

        Network whole =
                Network.load(workspace, Architecture.read(Folder.local(merged)), TensorFiles.open(merged, "model"));
        assertClose(whole.classify(TEXTS), adapted.network().classify(TEXTS));
        assertThat(whole.classify(TEXTS)[0]).isNotEqualTo(base().classify(TEXTS)[0]);
    }

    @ParameterizedTest
    @EnumSource
    void aSavedAdapterBringsItsHead(TinyClassifier model) throws Exception {
        Adapted adapted = fresh(model, 0.25, model.targets()).moved();
        Folder saved = Folder.local(disk.resolve("adapter"));

        adapted.adapter().save(saved, null);

        Network network = base();
        PeftConfig config = AdapterFile.read(saved, network.architecture().task());
        TrainedParameters parameters =
                new TrainedParameters(workspace, LoraAdapter.specs(config, network.architecture()));
        LoraAdapter.load(config, saved, network, parameters);
        assertThat(network.classify(TEXTS)).isDeepEqualTo(adapted.network().classify(TEXTS));
        assertThat(config.lora().modulesToSave()).containsExactly("classifier", "score");
        assertThat(saved.readText("adapter_config.json")).contains("\"task_type\" : \"SEQ_CLS\"");
    }

    @ParameterizedTest
    @CsvSource({
        "BERT, classifier.bias classifier.weight",
        "ROBERTA, classifier.dense.bias classifier.dense.weight classifier.out_proj.bias classifier.out_proj.weight",
        "DISTILBERT, classifier.bias classifier.weight pre_classifier.bias pre_classifier.weight",
        "GPT2, score.weight",
        "LLAMA, score.weight"
    })
    void theHeadIsCalledInTheFileAsPeftCallsIt(TinyClassifier model, String names) throws Exception {
        Adapted adapted = fresh(model, 0, List.of(LoraConfig.ALL_LINEAR));
        Folder saved = Folder.local(disk.resolve("adapter"));

        adapted.adapter().save(saved, null);

        assertThat(TensorIndex.read(saved, "adapter_model").names().stream()
                        .filter(name -> !name.contains(".lora_"))
                        .map(name -> name.replace("base_model.model.", ""))
                        .toList())
                .containsExactlyInAnyOrder(names.split(" "));
    }

    @ParameterizedTest
    @EnumSource
    void theGradientReachesTheAdapterAndTheHeadButNotTheBase(TinyClassifier model) throws Exception {
        Adapted adapted = fresh(model, 0, List.of(LoraConfig.ALL_LINEAR)).moved();

        adapted.accumulate(false);

        for (TrainedParameters.Spec spec : adapted.parameters().specs()) {
            float[] gradient = adapted.parameters().gradient(spec.name()).toFloatArray();
            double squares = 0;
            for (float value : gradient) {
                squares += value * value;
            }
            assertThat(squares).as(spec.name()).isPositive();
        }
        Architecture architecture = adapted.network().architecture();
        for (Parameter parameter : architecture.parameters()) {
            boolean isTrained = adapted.network()
                    .dictionary(parameter.layer())
                    .get(parameter.key())
                    .hasGradient();
            assertThat(isTrained)
                    .as(parameter.name())
                    .isEqualTo(architecture.classifier().orElseThrow().owns(parameter));
        }
    }

    @ParameterizedTest
    @EnumSource
    void dropoutIsTheSameHoweverItIsComputed(TinyClassifier model) throws Exception {
        Adapted adapted = fresh(model, 0.5, List.of(LoraConfig.ALL_LINEAR)).moved();
        double loss = adapted.accumulate(false);
        float[] recorded = adapted.parameters().flatGradients().toFloatArray();

        double again = adapted.accumulate(true);

        assertThat(again).isCloseTo(loss, within(1e-6));
        assertThat(adapted.parameters().flatGradients().toFloatArray()).containsExactly(recorded, within(1e-5f));
        assertThat(loss)
                .isNotCloseTo(
                        fresh(model, 0, List.of(LoraConfig.ALL_LINEAR)).moved().accumulate(false), within(1e-4));
    }

    @Test
    void aNewHeadIsTrainedBesideTheAdapter() throws Exception {
        TinyModel.LLAMA.write(disk);
        ModelTask task = ModelTask.classification(List.of("a", "b", "c", "d"));
        Architecture architecture = Architecture.read(Folder.local(disk), task);
        TensorFiles files = TensorFiles.open(disk, "model");
        NewHead head = NewHead.of(architecture, Folder.local(disk), files.index(), 11);
        Network network = new StoredModel(architecture, files, head).load(workspace);
        LoraConfig config = LoraConfig.of(5, 8, 0, List.of("q_proj"));
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
        LoraAdapter.checkSaved(head, parameters.specs());

        LoraAdapter.create(config, network, parameters, 3);

        float[] start = parameters.weight("base_model.model.score.weight").toFloatArray();
        assertThat(start).hasSize(4 * 12).doesNotContain(0);
        assertThat(network.classify(TEXTS)[0]).hasSize(4);
    }

    /** What would be trained on, and could never be used again. */
    @Test
    void refusesANewPoolerThatIsNotSaved() throws Exception {
        TinyClassifier.BERT.weights(disk);
        Architecture architecture = Architecture.read(Folder.local(disk));
        NewHead head = new NewHead(
                architecture.parameters().stream()
                        .filter(parameter -> parameter.name().contains("pooler"))
                        .toList(),
                0.02,
                1,
                Optional.of("it is not there"));

        assertThatThrownBy(() -> LoraAdapter.checkSaved(
                        head, LoraAdapter.specs(LoraConfig.of(5, 8, 0, List.of(LoraConfig.ALL_LINEAR)), architecture)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("the base's weights lack bert.pooler.dense.weight, and the adapter would be saved without "
                        + "it: add bert.pooler.dense to adapter.modules_to_save");
        LoraConfig saving = new LoraConfig(
                "lora",
                5,
                8,
                0,
                List.of("query"),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                false,
                List.of("bert.pooler.dense"),
                true,
                List.of(),
                Optional.empty());
        LoraAdapter.checkSaved(head, LoraAdapter.specs(saving, architecture)); // does not throw
    }

    @Test
    void namesAnotherTask() throws Exception {
        Adapted adapted = fresh(TinyClassifier.GPT2, 0, List.of("c_attn"));
        Folder saved = Folder.local(disk.resolve("adapter"));
        adapted.adapter().save(saved, null);

        assertThatThrownBy(() -> AdapterFile.read(saved, ModelTask.causalLm()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(saved.location("adapter_config.json")
                        + ": task_type: \"SEQ_CLS\": the adapter was made for another task than model.task: causal_lm, "
                        + "which is CAUSAL_LM in PEFT");
    }

    @Test
    void namesTheClassesOfAnAdapterForMore() throws Exception {
        Adapted adapted = fresh(TinyClassifier.LLAMA, 0, List.of("q_proj"));
        Path saved = disk.resolve("adapter");
        adapted.adapter().save(Folder.local(saved), null);
        ModelTask task = ModelTask.classification(List.of("a", "b"));
        Architecture architecture = Architecture.read(Folder.local(disk), task);
        TensorFiles files = TensorFiles.open(disk, "model");
        NewHead head = NewHead.of(architecture, Folder.local(disk), files.index(), 0);
        Network network = new StoredModel(architecture, files, head).load(workspace);
        PeftConfig config = AdapterFile.read(Folder.local(saved), task);
        TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));

        assertThatThrownBy(() -> LoraAdapter.load(config, Folder.local(saved), network, parameters))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        saved + ": the adapter's head has 3 classes in base_model.model.score.weight, the model has "
                                + "2: name the adapter's, in their order");
    }
}
