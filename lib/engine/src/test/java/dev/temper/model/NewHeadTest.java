package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** When a head is kept, when it is new, and where it starts. */
final class NewHeadTest {
    private static final ModelTask THREE = ModelTask.classification(List.of("bad", "good", "fine"));

    @TempDir
    Path folder;

    /** Writes a folder whose weights lack some, and says what a task needs beside them. */
    private NewHead newHead(String config, ModelTask task, Predicate<String> isThere) throws Exception {
        TinyModel.weights(folder, config); // the config, and the architecture that it was saved for
        SafetensorsFile file = new SafetensorsFile();
        Architecture saved = Architecture.read(Folder.local(folder), saved(config));
        for (Parameter parameter : saved.parameters()) {
            if (isThere.test(parameter.name())) {
                float[] values = new float[Math.toIntExact(parameter.shape().size())];
                file.add(parameter.name(), parameter.shape().getShape(), values);
            }
        }
        file.write(folder.resolve("model.safetensors"));
        return NewHead.of(architecture(task), Folder.local(folder), index(), 7);
    }

    private static ModelTask saved(String config) {
        return config.contains("Classification") ? ModelTask.classification(List.of("a", "b")) : ModelTask.causalLm();
    }

    private Architecture architecture(ModelTask task) throws IOException {
        return Architecture.read(Folder.local(folder), task);
    }

    private TensorIndex index() throws IOException {
        return TensorIndex.read(Folder.local(folder), "model");
    }

    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "MISTRAL", "QWEN3", "PHI3", "GPT2", "GPT_NEO"})
    void aBaseHasNone(TinyModel model) throws Exception {
        NewHead head = newHead(model.config(), THREE, name -> true);

        assertThat(head.reason())
                .contains("the weights have no head for classification: score is new, and random until it is trained");
        assertThat(head.parameters()).extracting(Parameter::name).containsExactly("score.weight");
    }

    @ParameterizedTest
    @CsvSource({
        "BERT, classifier is new",
        "ROBERTA, classifier.dense and classifier.out_proj are new",
        "DISTILBERT, pre_classifier and classifier are new"
    })
    void anEncoderHasNone(TinyClassifier model, String what) throws Exception {
        NewHead head = newHead(model.config(), THREE, name -> !name.contains("classifier"));

        assertThat(head.reason().orElseThrow()).startsWith("the weights have no head for classification: " + what);
        assertThat(head.parameters())
                .isEqualTo(architecture(THREE).parameters().stream()
                        .filter(parameter -> parameter.name().contains("classifier"))
                        .toList());
    }

    @Test
    void aPoolerMayBeMissingToo() throws Exception {
        NewHead both = newHead(
                TinyClassifier.BERT.config(), ModelTask.regression(), name -> !name.matches(".*(pool|class).*"));

        assertThat(both.reason())
                .contains("the weights have no head for regression: classifier and bert.pooler.dense are new, and "
                        + "random until trained");
        NewHead pooler =
                newHead(unnamed(2), ModelTask.classification(List.of("a", "b")), name -> !name.contains("pool"));
        assertThat(pooler.reason())
                .contains(
                        "the weights lack bert.pooler.dense: bert.pooler.dense is new, and random until it is trained");
    }

    /** A BERT whose classes have no names. */
    private static String unnamed(int count) {
        return TinyClassifier.BERT
                .config()
                .replaceAll("\"id2label\": [^}]*}", count == 2 ? "\"num_labels\": 2" : "\"num_labels\": " + count);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | ",
                "{\"0\": \"LABEL_0\", \"1\": \"LABEL_1\"} | ",
                "{\"0\": \"a\", \"1\": \"b\"} | ",
                "{\"0\": \"b\", \"1\": \"a\"} | the head in the weights is for [b, a], model.labels names [a, b]",
            })
    void aHeadForTheSameClassesIsKept(String labels, String reason) throws Exception {
        String config = TinyClassifier.BERT.config().replaceAll("\"id2label\": [^}]*}", "\"id2label\": " + labels);

        NewHead head = newHead(config, ModelTask.classification(List.of("a", "b")), name -> true);

        if (reason == null) {
            assertThat(head).isEqualTo(NewHead.none());
        } else {
            assertThat(head.reason()).contains(reason + ": classifier is new, and random until it is trained");
        }
    }

    @Test
    void aHeadForMoreOrLessClassesIsNot() throws Exception {
        String config = unnamed(2);

        assertThat(newHead(config, THREE, name -> true).reason())
                .contains("the head in the weights has 2 classes, model.labels names 3: classifier is new, and random "
                        + "until it is trained");
        assertThat(newHead(config, ModelTask.regression(), name -> true).reason())
                .contains("the head in the weights has 2 classes, a regression gives one value: classifier is new, and "
                        + "random until it is trained");
    }

    @Test
    void halfAHeadIsNone() throws Exception {
        NewHead head = newHead(
                TinyClassifier.DISTILBERT.config(),
                ModelTask.classification(List.of("a", "b")),
                name -> !name.startsWith("pre_classifier"));

        assertThat(head.reason())
                .contains("the head in the weights lacks pre_classifier.weight: pre_classifier and classifier are new, "
                        + "and random until trained");
    }

    @Test
    void itsStartFollowsTheSeedAndTheName() throws Exception {
        String config = TinyClassifier.ROBERTA.config().replace("{\"arch", "{\"initializer_range\": 0.5, \"arch");
        NewHead head = newHead(config, THREE, name -> !name.contains("classifier"));
        Architecture architecture = architecture(THREE);
        try (Workspace workspace = Workspace.open(1)) {
            TensorFiles files = TensorFiles.open(folder, "model");
            TrainedParameters trained = new TrainedParameters(workspace, ModelWeights.specs(architecture));
            Network network = new StoredModel(architecture, files, head).load(workspace, trained);
            Network frozen = new StoredModel(architecture, files, head).load(workspace);
            ModelWeights.verify(architecture, files.index(), "there", head);

            float[] dense = network.dictionary(Parameter.SHARED).get("dense").toFloatArray();

            assertThat(frozen.dictionary(Parameter.SHARED).get("dense").toFloatArray())
                    .isEqualTo(dense);
            double squares = 0;
            for (float value : dense) {
                squares += (double) value * value;
            }
            assertThat(Math.sqrt(squares / dense.length)).isCloseTo(0.5, within(0.1)); // 225 values
            assertThat(network.dictionary(Parameter.SHARED).get("dense.bias").toFloatArray())
                    .containsOnly(0);
            NewHead again = NewHead.of(architecture, Folder.local(folder), files.index(), 7);
            NewHead other = NewHead.of(architecture, Folder.local(folder), files.index(), 8);
            for (Parameter parameter : head.parameters()) {
                assertThat(again.values(parameter)).isEqualTo(head.values(parameter));
            }
            Parameter first = head.parameters().get(0);
            assertThat(other.values(first)).isNotEqualTo(head.values(first));
        }
    }

    @Test
    void nothingIsNewWhereNothingIsTrained() throws Exception {
        newHead(TinyClassifier.BERT.config(), THREE, name -> !name.contains("classifier"));

        assertThatThrownBy(() -> ModelWeights.verify(architecture(THREE), index(), "there"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("there: the weights have no head that classifies: the tensor classifier.weight is missing; "
                        + "train one first");
    }
}
