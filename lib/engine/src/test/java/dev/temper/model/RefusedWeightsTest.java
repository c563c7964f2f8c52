package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are not those of config.json are refused by the tensor's name. */
final class RefusedWeightsTest {
    private static final String QUERY = "model.layers.1.self_attn.q_proj.weight";

    @TempDir
    Path folder;

    @Test
    void namesAMissingTensor() throws Exception {
        assertRefused(
                all(TinyModel.LLAMA, "", name -> !name.equals(QUERY)),
                "the tensor " + QUERY + " is missing from the weights");
    }

    @Test
    void namesATensorTooMany() throws Exception {
        assertRefused(
                all(TinyModel.LLAMA, "", name -> true).add("lm_head.bias", new long[] {1}, 1),
                "the weights hold lm_head.bias, which a llama model with this config.json does not have");
    }

    @Test
    void aTiedModelMayCarryItsHead() throws Exception {
        SafetensorsFile file =
                all(TinyModel.LLAMA_TIED_WITH_BIASES, "", name -> true).add("lm_head.weight", new long[] {1}, 1);

        assertThatCode(() -> verify(file)).doesNotThrowAnyException();
    }

    @Test
    void namesAnotherShape() throws Exception {
        assertRefused(
                all(TinyModel.LLAMA, "", name -> !name.equals(QUERY)).add(QUERY, new long[] {12, 40}, new float[480]),
                "the tensor " + QUERY + " has the shape (12, 40), config.json makes it (40, 12)");
    }

    @ParameterizedTest
    @CsvSource({"I64, 8", "F8_E4M3, 1", "F8_E5M2, 1", "U16, 2", "U32, 4", "U64, 8", "C64, 8", "F8_E8M0, 1"})
    void namesAnotherType(String dtype, int bytes) throws Exception {
        assertRefused(
                all(TinyModel.LLAMA, "", name -> !name.equals(QUERY))
                        .add(QUERY, dtype, new long[] {40, 12}, new byte[480 * bytes]),
                "the tensor " + QUERY + " is " + dtype
                        + ", which is not supported; only F64, F32, F16 and BF16 are read");
    }

    /** Frequencies and positions follow from config.json; older versions kept them in the file, here and there. */
    @ParameterizedTest
    @EnumSource
    void buffersMayBeThere(TinyModel model) throws Exception {
        SafetensorsFile file = all(model, "", name -> true);
        for (String name : List.of(
                "model.rotary_emb.inv_freq",
                "model.layers.0.self_attn.rotary_emb.inv_freq",
                "model.layers.1.self_attn.rotary_emb.cos_cached",
                "model.rotary_emb.full_attention_inv_freq",
                "rotary_emb_local.inv_freq",
                "inv_freq",
                "embeddings.position_ids")) {
            file.add(name, "F8_E4M3", new long[] {3}, new byte[3]);
        }

        assertThatCode(() -> verify(file)).doesNotThrowAnyException();
    }

    @Test
    void anIndexMayListWhatNobodyNeeds() throws Exception {
        all(TinyModel.LLAMA, "", name -> !name.equals(QUERY)).write(folder.resolve("one.safetensors"));
        String needed = QUERY;
        assertThatThrownBy(() -> verifyShards("\"old.bias\": \"gone.safetensors\", \"new.bias\": \"one.safetensors\""))
                .hasMessage(folder + ": the tensor " + needed + " is missing from the weights");
        assertThatThrownBy(() -> verifyShards("\"" + needed + "\": \"one.safetensors\""))
                .hasMessage(folder.resolve("model.safetensors.index.json") + " lists the tensor " + needed
                        + " in one.safetensors, which does not hold it");
        assertThatThrownBy(() -> verifyShards("\"" + needed + "\": \"gone.safetensors\""))
                .hasMessage(folder.resolve("gone.safetensors")
                        + " is missing, though model.safetensors.index.json lists it");

        all(TinyModel.LLAMA, "", name -> true).write(folder.resolve("one.safetensors"));
        assertThatCode(() ->
                        verifyShards("\"old.bias\": \"gone.safetensors\", \"" + needed + "\": \"gone.safetensors\""))
                .doesNotThrowAnyException();
    }

    private void verifyShards(String entries) throws Exception {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"model.norm.weight\": \"one.safetensors\", " + entries + "}}");
        Folder local = Folder.local(folder);
        ModelWeights.verify(Architecture.read(local), TensorIndex.read(local, "model"), local.location());
    }

    @Test
    void namesTheHeadThatABareModelLacks() throws Exception {
        SafetensorsFile file = all(TinyModel.LLAMA, "model.", name -> !name.startsWith("lm_head"));

        assertRefused(file, "the tensor lm_head.weight is missing from the weights");
    }

    @Test
    void aBareModelThatNeedsNoHeadIsComplete() throws Exception {
        SafetensorsFile file = all(TinyModel.GPT2, "transformer.", name -> true)
                .add("h.0.attn.bias", new long[] {1}, 1)
                .add("h.1.attn.masked_bias", new long[] {1}, 1);

        assertThatCode(() -> verify(file)).doesNotThrowAnyException();
    }

    /** As google-bert/bert-base-uncased, distilbert-base-uncased and roberta-base hold them. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "BERT | cls.predictions.bias, cls.predictions.transform.LayerNorm.gamma, "
                        + "cls.seq_relationship.weight, bert.embeddings.position_ids",
                "BERT | bert.embeddings.LayerNorm.gamma, bert.encoder.layer.1.output.LayerNorm.beta",
                "DISTILBERT | qa_outputs.bias, vocab_transform.weight, vocab_layer_norm.bias, vocab_projector.bias",
                "ROBERTA | lm_head.bias, lm_head.layer_norm.weight, lm_head.decoder.weight, "
                        + "roberta.pooler.dense.weight, roberta.embeddings.position_ids"
            })
    void publishedEncodersAreComplete(TinyClassifier model, String further) throws Exception {
        List<String> names = List.of(further.trim().split(", "));
        List<String> replaced = names.stream()
                .map(name -> name.replace("gamma", "weight").replace("beta", "bias"))
                .toList();
        for (String prefix : List.of("", model.name().toLowerCase(Locale.ROOT) + ".")) {
            model.weights(folder);
            SafetensorsFile file = all(prefix, name -> !replaced.contains(name));
            Architecture architecture = Architecture.read(Folder.local(folder));
            for (String name : names) {
                int width = architecture.sizes().width();
                String bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
                file.add(bare, new long[] {width}, new float[width]);
            }

            assertThatCode(() -> verify(file)).as(prefix).doesNotThrowAnyException();
            assertThatCode(() -> load(architecture)).as(prefix).doesNotThrowAnyException();
        }
    }

    private void load(Architecture architecture) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Network.load(workspace, architecture, TensorFiles.open(folder, "model"))
                    .close();
        }
    }

    /** The weights that the predicate wants, all zero, without a prefix of their names. */
    private SafetensorsFile all(TinyModel model, String prefix, Predicate<String> wanted) throws Exception {
        model.weights(folder);
        return all(prefix, wanted);
    }

    private SafetensorsFile all(String prefix, Predicate<String> wanted) throws Exception {
        SafetensorsFile file = new SafetensorsFile();
        for (Parameter parameter : Architecture.read(Folder.local(folder)).parameters()) {
            if (wanted.test(parameter.name())) {
                float[] zeros = new float[Math.toIntExact(parameter.shape().size())];
                file.add(
                        parameter.name().substring(parameter.name().startsWith(prefix) ? prefix.length() : 0),
                        parameter.shape().getShape(),
                        zeros);
            }
        }
        return file;
    }

    private void verify(SafetensorsFile file) throws Exception {
        file.write(folder.resolve("model.safetensors"));
        Folder local = Folder.local(folder);
        ModelWeights.verify(Architecture.read(local), TensorIndex.read(local, "model"), local.location());
    }

    private void assertRefused(SafetensorsFile file, String message) {
        assertThatThrownBy(() -> verify(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(folder + ": " + message);
    }
}
