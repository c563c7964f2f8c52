package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What transformers 5 writes about positions is read as what transformers 4 wrote, and written as that. */
final class RopeParametersTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Fields of config.json that say how positions turn. */
    private static final List<String> FIELDS = List.of(
            "rope_parameters",
            "rope_scaling",
            "rope_theta",
            "rope_local_base_freq",
            "partial_rotary_factor",
            "original_max_position_embeddings");

    /** Model, fields of transformers 5, fields of transformers 4; {@code max_position_embeddings} is 40. */
    private static final String WAYS =
            """
            LLAMA | {"rope_parameters": {"rope_theta": 700, "rope_type": "default"}} | {"rope_theta": 700}
            LLAMA | {"rope_parameters": null, "rope_theta": 700, "rope_scaling": null} | \
            {"rope_theta": 700, "rope_scaling": null}
            LLAMA | {"rope_parameters": {"rope_type": "default"}} | {}
            LLAMA | {"rope_parameters": {"rope_type": "linear", "factor": 3, "rope_theta": 600.5}} | \
            {"rope_theta": 600.5, "rope_scaling": {"rope_type": "linear", "factor": 3}}
            LLAMA | {"rope_parameters": {"type": "dynamic", "factor": 3, "rope_theta": 600}} | \
            {"rope_theta": 600, "rope_scaling": {"rope_type": "dynamic", "factor": 3}}
            LLAMA | {"rope_theta": 90, "rope_parameters": {"rope_theta": 600}} | {"rope_theta": 600}
            LLAMA | {"rope_theta": 90, "rope_parameters": {"rope_type": "default", "rope_theta": null}} | \
            {"rope_theta": 90}
            LLAMA | {"rope_theta": 90, "rope_scaling": {"type": "linear", "factor": 2}, \
            "rope_parameters": {"rope_theta": 600}} | {"rope_theta": 90, "rope_scaling": \
            {"type": "linear", "factor": 2}}
            MISTRAL | {"rope_parameters": {"rope_theta": 800, "rope_type": "yarn", "factor": 2, "beta_fast": 4, \
            "original_max_position_embeddings": 20, "attention_factor": null}} | {"rope_theta": 800, "rope_scaling": \
            {"rope_type": "yarn", "factor": 2, "beta_fast": 4, "original_max_position_embeddings": 20}}
            QWEN3 | {"rope_parameters": {"rope_theta": 800, "rope_type": "yarn", "factor": 4}} | {"rope_theta": 800, \
            "rope_scaling": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 40}}
            LLAMA | {"rope_parameters": {"rope_theta": 500, "rope_type": "llama3", "factor": 2, "low_freq_factor": 1, \
            "high_freq_factor": 3, "original_max_position_embeddings": 16}} | {"rope_theta": 500, "rope_scaling": \
            {"rope_type": "llama3", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 3, \
            "original_max_position_embeddings": 16}}
            LLAMA | {"rope_parameters": {"rope_theta": 500, "rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1], \
            "long_factor": [1, 2, 3, 4, 5], "factor": 2.5, "original_max_position_embeddings": 16}} | \
            {"rope_theta": 500, "original_max_position_embeddings": 16, "rope_scaling": {"rope_type": "longrope", \
            "short_factor": [1, 1, 1, 1, 1], "long_factor": [1, 2, 3, 4, 5]}}
            PHI3 | {"partial_rotary_factor": null, "rope_parameters": {"rope_theta": 500, "rope_type": "longrope", \
            "type": "longrope", "partial_rotary_factor": 0.75, "short_factor": [1, 1, 1], "long_factor": [1, 2, 3], \
            "original_max_position_embeddings": 16}, "original_max_position_embeddings": 16} | {"rope_theta": 500, \
            "partial_rotary_factor": 0.75, "original_max_position_embeddings": 16, "rope_scaling": \
            {"type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 2, 3]}}
            PHI3 | {"rope_scaling": {"type": "yarn", "short_factor": [1, 1, 1], "long_factor": [1, 2, 3]}} | \
            {"partial_rotary_factor": 0.75, "original_max_position_embeddings": 4096, "rope_scaling": \
            {"type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 2, 3]}}
            GEMMA2 | {"rope_parameters": {"rope_theta": 700, "rope_type": "default"}} | {"rope_theta": 700}
            GEMMA3 | {"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 900}, \
            "sliding_attention": {"rope_type": "default", "rope_theta": 70}}} | {"rope_theta": 900, \
            "rope_local_base_freq": 70, "rope_scaling": {"rope_type": "linear", "factor": 8}}
            GEMMA3 | {"rope_parameters": {"full_attention": null, "sliding_attention": {"rope_theta": 70}}} | \
            {"rope_local_base_freq": 70}
            GEMMA3 | {"rope_theta": 900, "rope_local_base_freq": 70, "rope_scaling": {"rope_type": "linear", \
            "factor": 8}, "rope_parameters": {"full_attention": {"rope_type": "default"}}} | {"rope_theta": 900, \
            "rope_local_base_freq": 70, "rope_scaling": {"rope_type": "linear", "factor": 8}}
            """;

    private static final String REFUSED =
            """
            LLAMA | {"rope_type": "ntk", "rope_theta": 9} | : rope_parameters: rope_type: ntk is not supported
            LLAMA | {"rope_type": "linear", "factor": "2"} | : rope_parameters: factor must be a number, got "2"
            LLAMA | {"rope_type": "default", "rope_theta": "many"} | : rope_parameters: rope_theta must be a number, \
            got "many"
            LLAMA | {"partial_rotary_factor": 0.5} | : rope_parameters: partial_rotary_factor: 0.5 is not supported, \
            only 1
            LLAMA | {"full_attention": {"rope_theta": 500}} | : rope_parameters: full_attention: {"rope_theta":500} \
            is not supported, and ignoring it could give another model: name another base
            GEMMA3 | {"rope_theta": 500} | : rope_parameters must have an object for each of full_attention and \
            sliding_attention, got {"rope_theta":500}
            GEMMA3 | {"sliding_attention": {"rope_type": "linear", "factor": 2}} | : rope_parameters: \
            sliding_attention: only rope_type: default is supported with rope_theta alone, got linear with {"factor":2}
            GEMMA3 | {"full_attention": {"rope_type": "linear"}} | : rope_parameters: full_attention: factor must be \
            a number, got
            """;

    @TempDir
    Path disk;

    @ParameterizedTest
    @CsvSource(textBlock = WAYS, delimiter = '|', quoteCharacter = '`')
    void turnsAsTheOlderFieldsSay(TinyModel model, String newer, String older) throws Exception {
        Architecture read = write("newer", model, newer);
        Architecture expected = write("older", model, older);

        for (int length : new int[] {3, 16, 17, 41, 90}) {
            assertThat(table(read, length)).as("%d tokens", length).isEqualTo(table(expected, length));
        }
        Folder saved = Folder.local(disk.resolve("saved"));
        ModelFolder.describe(saved, Folder.local(disk.resolve("newer")), read, FloatType.FLOAT32);
        JsonNode config = JSON.readTree(saved.readText("config.json"));
        JsonNode fields = JSON.readTree(older);
        for (String field : FIELDS) {
            assertThat(config.path(field)).as(field).isEqualTo(fields.path(field));
        }
    }

    /** Transformers 5 takes the factor for the scale of cosines, transformers 4 the ratio of the positions. */
    @Test
    void anotherFactorIsWrittenAsTheScaleThatItGives() throws Exception {
        Architecture read = write(
                "newer",
                TinyModel.LLAMA,
                """
                {"rope_parameters": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1], "factor": 4,
                 "long_factor": [1, 2, 3, 4, 5], "original_max_position_embeddings": 16}}
                """);

        double scale = Math.sqrt(1 + Math.log(4) / Math.log(16));
        assertThat(table(read, 1)[0]).isEqualTo((float) scale); // the cosine of 0
        Folder saved = Folder.local(disk.resolve("saved"));
        ModelFolder.describe(saved, Folder.local(disk.resolve("newer")), read, FloatType.FLOAT32);
        JsonNode scaling = JSON.readTree(saved.readText("config.json")).path("rope_scaling");
        assertThat(scaling.path("attention_factor").asDouble()).isEqualTo(scale);
        assertThat(scaling.has("factor")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(textBlock = REFUSED, delimiter = '|', quoteCharacter = '`')
    void namesWhatStandsThere(TinyModel model, String parameters, String message) {
        assertThatThrownBy(() -> write("newer", model, "{\"rope_parameters\": " + parameters + "}"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(disk.resolve("newer/config.json") + message);
    }

    /** A model with these fields in place of its own; a field that is null there is none. */
    private Architecture write(String folder, TinyModel model, String fields) throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(model.config());
        JsonNode given = JSON.readTree(fields);
        boolean isPhi3 = model == TinyModel.PHI3 && !given.has("partial_rotary_factor");
        config.remove(isPhi3 ? FIELDS.subList(0, 4) : FIELDS);
        config.setAll((ObjectNode) given);
        if (config.path("partial_rotary_factor").isNull()) {
            config.remove("partial_rotary_factor");
        }
        Files.createDirectories(disk.resolve(folder));
        Files.writeString(disk.resolve(folder).resolve("config.json"), config.toString());
        return Architecture.read(Folder.local(disk.resolve(folder)));
    }

    private static float[] table(Architecture architecture, int length) {
        TokenStream stream = TokenStream.of(List.of(IntStream.range(0, length).toArray()));
        return architecture.rotary().orElseThrow().table(stream, new int[] {length});
    }
}
