package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models for texts and pictures are used as their language models, and saved as those. */
final class LanguageModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TokenStream STREAM =
            TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5, 9, 2, 6}, new int[] {9, 2}));

    @TempDir
    Path disk;

    /** As {@code save_pretrained} of both generations lays tensors out, and as they lie in memory. */
    @ParameterizedTest
    @CsvSource({
        "GEMMA3, language_model.model., language_model.lm_head.",
        "GEMMA3, model.language_model., lm_head.",
        "MISTRAL, language_model.model., language_model.lm_head.",
        "MISTRAL, model.language_model., lm_head."
    })
    void computesWhatItsLanguageModelComputes(TinyModel model, String layers, String head) throws Exception {
        Path plain = model.write(disk.resolve("plain"));
        Path whole = WholeModel.write(disk, model, layers, head, "{}");
        Path saved = disk.resolve("saved");
        try (Workspace workspace = Workspace.open(1);
                Network expected = Network.open(workspace, plain);
                Network actual =
                        StoredModel.read(whole, ModelTask.causalLm(), 0).load(workspace)) {
            ModelWeights.verify(actual.architecture(), ModelWeights.index(Folder.local(whole)), whole.toString());
            assertThat(logits(actual)).isEqualTo(logits(expected));
            ModelFolder.save(Folder.local(saved), actual, Folder.local(whole));
            try (Network again = Network.open(workspace, saved)) {
                assertThat(logits(again)).isEqualTo(logits(expected));
            }
        }
        assertThat(TensorFiles.open(saved, "model").index().names())
                .isEqualTo(TensorFiles.open(plain, "model").index().names());
        JsonNode config = JSON.readTree(saved.resolve("config.json").toFile());
        assertThat(config.has("text_config") || config.has("vision_config")).isFalse();
        assertThat(config.path("model_type").asText())
                .isEqualTo(JSON.readTree(model.config()).path("model_type").asText());
        assertThat(config.path("architectures").path(0).asText())
                .isEqualTo(model == TinyModel.GEMMA3 ? "Gemma3ForCausalLM" : "MistralForCausalLM");
        assertThat(config.path("eos_token_id").asInt()).isEqualTo(7);
        assertThat(config.path("bos_token_id").asInt()).isEqualTo(5);
    }

    /** A head that is not there is the embedding, unless the whole says that it is not. */
    @Test
    void aHeadThatIsLeftOutIsTheEmbedding() throws Exception {
        Path whole = WholeModel.write(disk, TinyModel.MISTRAL, "language_model.model.", "nowhere.", "{}");

        assertThat(Architecture.read(Folder.local(whole)).head()).isEqualTo("embed_tokens");
        WholeModel.write(
                disk, TinyModel.MISTRAL, "language_model.model.", "nowhere.", "{\"tie_word_embeddings\": false}");
        assertThat(Architecture.read(Folder.local(whole)).head()).isEqualTo("lm_head");
        Files.delete(whole.resolve("model.safetensors"));
        WholeModel.write(
                disk,
                TinyModel.MISTRAL,
                "language_model.model.",
                "language_model.lm_head.",
                "{\"tie_word_embeddings\": true}");
        assertThat(Architecture.read(Folder.local(whole)).head()).isEqualTo("lm_head");
    }

    @Test
    void theWholesTypeAndQuantizationAreThoseOfItsParts() throws Exception {
        Path whole = WholeModel.write(
                disk,
                TinyModel.GEMMA3,
                "language_model.model.",
                "-",
                """
                {"torch_dtype": "bfloat16", "quantization_config": {"load_in_4bit": true, "bnb_4bit_quant_type": "nf4"}}
                """);

        assertThat(ModelWeights.type(Folder.local(whole))).isEqualTo(FloatType.BFLOAT16);
        assertThat(ModelWeights.quantization(Folder.local(whole))).isPresent();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"text_config\": null} | : a gemma3 model needs text_config, an object",
                "{\"text_config\": {\"model_type\": \"ministral3\"}} | : text_config: model_type ministral3 is not "
                        + "supported; supported are [",
                "{\"text_config\": {\"hidden_size\": \"12\"}} | : text_config: hidden_size must be an integer, got",
                "{\"model_type\": \"paligemma\"} | : model_type paligemma is not supported; supported are ["
            })
    void namesTheFieldInItsPart(String fields, String message) throws Exception {
        Path whole = WholeModel.write(disk, TinyModel.GEMMA3, "language_model.model.", "-", fields);

        assertThatThrownBy(() -> Architecture.read(Folder.local(whole)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(whole.resolve("config.json") + message);
    }

    private static float[] logits(Network network) {
        return Workspace.scoped(
                () -> network.logits(STREAM, new int[] {0, 3, 7, 9}).toFloatArray());
    }
}
