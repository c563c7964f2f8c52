package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.TinyClassifier;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models that learn another task than their base was saved for, and what becomes of them on disk. */
final class TrainedModelTest {
    private static final ModelTask MOODS = ModelTask.classification(List.of("bad", "good", "fine", "odd"));
    private static final TokenStream TEXTS = TokenStream.of(List.of(new int[] {3, 14, 15}, new int[] {9, 2}));

    @TempDir
    Path disk;

    private Workspace workspace;
    private Path base;
    private Folder output;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
        base = disk.resolve("base");
        output = Folder.local(disk.resolve("output"));
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "LLAMA_TIED_WITH_BIASES", "MISTRAL", "QWEN3", "PHI3", "GPT2", "GPT_NEO"})
    void aBaseLearnsClassesAndIsOpenedAgain(TinyModel model) throws Exception {
        model.write(base);
        Files.writeString(base.resolve("generation_config.json"), "{}");
        TrainedModel trained = TrainedModels.full(workspace, base, MOODS, 5);
        assertThat(trained.newHead())
                .contains("the weights have no head for classification: score is new, and random until it is trained");

        trained.save(output, Folder.local(base));

        assertThat(output.child("model").list())
                .extracting(Store.Entry::name)
                .containsExactly("config.json", "model.safetensors");
        Network opened = Network.open(workspace, disk.resolve("output/model"));
        assertThat(opened.architecture().task()).isEqualTo(MOODS);
        assertThat(opened.classify(TEXTS)).isDeepEqualTo(trained.network().classify(TEXTS));
        TrainedModel again = TrainedModels.full(workspace, disk.resolve("output/model"), MOODS, 6);
        assertThat(again.newHead()).isEmpty();
        assertThat(again.network().classify(TEXTS)).isDeepEqualTo(opened.classify(TEXTS));
    }

    @ParameterizedTest
    @EnumSource(names = {"BERT", "DISTILBERT", "ROBERTA", "LLAMA"})
    void otherClassesNeedAnotherHead(TinyClassifier model) throws Exception {
        model.write(base);
        TrainedModel trained = TrainedModels.full(workspace, base, MOODS, 5);

        assertThat(trained.newHead().orElseThrow()).contains("classes, model.labels names 4: ");
        assertThat(trained.network().classify(TEXTS)[0]).hasSize(4);

        trained.save(output, Folder.local(base));
        Network opened = Network.open(workspace, disk.resolve("output/model"));
        assertThat(opened.classify(TEXTS)).isDeepEqualTo(trained.network().classify(TEXTS));
        assertThat(TrainedModels.full(workspace, disk.resolve("output/model")).newHead())
                .isEmpty();
    }

    @Test
    void aClassifierCanLearnANumber() throws Exception {
        TinyClassifier.BERT.write(base);
        TrainedModel trained = TrainedModels.full(workspace, base, ModelTask.regression(), 5);

        trained.save(output, Folder.local(base));

        assertThat(output.child("model").readText("config.json"))
                .contains("\"problem_type\" : \"regression\"")
                .contains("\"architectures\" : [ \"BertForSequenceClassification\" ]")
                .contains("\"label2id\" : {\n    \"LABEL_0\" : 0\n  }");
        assertThat(Network.open(workspace, disk.resolve("output/model")).classify(TEXTS)[0])
                .hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "GPT2", "PHI3"})
    void anAdapterBringsItsNewHead(TinyModel model) throws Exception {
        model.write(base);
        LoraConfig config = LoraConfig.of(4, 8, 0, List.of(LoraConfig.ALL_LINEAR));
        TrainedModel trained = TrainedModels.withAdapter(workspace, base, MOODS, config, 5);
        assertThat(trained.newHead()).isPresent();

        trained.save(output, Folder.local(base));

        TrainedModel opened = TrainedModels.withAdapter(workspace, base, MOODS, output.child("adapter"));
        assertThat(opened.newHead()).isEmpty();
        assertThat(opened.network().classify(TEXTS))
                .isDeepEqualTo(trained.network().classify(TEXTS));
    }

    @Test
    void theStartOfAHeadFollowsTheSeed() throws Exception {
        TinyModel.GPT2.write(base);
        float[][] one = TrainedModels.full(workspace, base, MOODS, 1).network().classify(TEXTS);

        assertThat(TrainedModels.full(workspace, base, MOODS, 1).network().classify(TEXTS))
                .isDeepEqualTo(one);
        assertThat(TrainedModels.full(workspace, base, MOODS, 2).network().classify(TEXTS)[0])
                .isNotEqualTo(one[0]);
    }

    @Test
    void namesAnAdapterForAnotherTask() throws Exception {
        TinyModel.GPT2.write(base);
        LoraConfig config = LoraConfig.of(4, 8, 0, List.of("c_attn"));
        TrainedModels.withAdapter(workspace, base, config, 5).save(output, Folder.local(base));
        Folder adapter = output.child("adapter");

        assertThatThrownBy(() -> TrainedModels.withAdapter(workspace, base, MOODS, adapter))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(adapter.location("adapter_config.json")
                        + ": task_type: \"CAUSAL_LM\": the adapter was made for another task than model.task: "
                        + "sequence_classification, which is SEQ_CLS in PEFT");
    }

    @Test
    void anEncoderIsNoLanguageModel() throws Exception {
        TinyClassifier.BERT.write(base);

        assertThatThrownBy(() -> TrainedModels.full(workspace, base, ModelTask.causalLm(), 5))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(base.resolve("config.json") + ": a bert model cannot be used for causal_lm here, only for "
                        + "[multi_label_classification, regression, sequence_classification]: set model.task, or name"
                        + " another base");
    }
}
