package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A config.json that asks for what we do not compute is refused, by name and value. */
final class RefusedConfigTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Model, field, its value, and the message after the file's place. */
    private static final String FIELDS =
            """
            LLAMA | model_type | "mamba" | : model_type mamba is not supported; supported are [bert, distilbert, \
            gemma2, gemma3, gemma3_text, gpt2, gpt_neo, llama, mistral, mistral3, phi3, qwen2, qwen3, roberta]
            LLAMA | model_type | null | : model_type (none) is not supported; supported are [bert, distilbert, \
            gemma2, gemma3, gemma3_text, gpt2, gpt_neo, llama, mistral, mistral3, phi3, qwen2, qwen3, roberta]
            LLAMA | hidden_act | "relu" | : hidden_act: "relu" is not supported, only silu
            LLAMA | attention_dropout | 0.1 | : attention_dropout: 0.1 is not supported, only 0.0
            LLAMA | attention_dropout | "none" | : attention_dropout: "none" is not supported, only 0.0
            LLAMA | sliding_window | 128 | : sliding_window: 128 is not supported, and ignoring it could give \
            another model: name another base
            LLAMA | quantization_config | {"bits": 4} | : quantization_config: only load_in_4bit: true is supported
            LLAMA | rope_scaling | {"type": "ntk", "factor": 2} | : rope_scaling: rope_type: ntk is not supported
            LLAMA | rope_scaling | {"type": "longrope", "short_factor": [1, 2]} | : rope_scaling: short_factor must \
            be a list of 5 numbers, got [1,2]
            LLAMA | rope_scaling | {"type": "linear"} | : rope_scaling: factor must be a number, got
            LLAMA | rope_scaling | {"type": "linear", "factor": 2, "low_freq_factor": 1} | : rope_scaling: \
            low_freq_factor: 1 is not supported, and ignoring it could give another model: name another base
            LLAMA | hidden_size | "12" | : hidden_size must be an integer, got "12"
            LLAMA | hidden_size | 12.5 | : hidden_size must be an integer, got 12.5
            LLAMA | hidden_size | 9999999999 | : hidden_size must be an integer, got 9999999999
            LLAMA | vocab_size | null | : vocab_size must be an integer, got null
            LLAMA | rms_norm_eps | "small" | : rms_norm_eps must be a number, got "small"
            LLAMA | mlp_bias | 1 | : mlp_bias must be true or false, got 1
            QWEN3 | layer_types | ["full_attention"] | : layer_types must name full_attention or sliding_attention \
            for each of the 2 layers, got [full_attention]
            MISTRAL | layer_types | ["full_attention", "sliding_attention"] | : layer_types: \
            ["full_attention","sliding_attention"] is not supported: all layers of a mistral model see the same, \
            a window
            LLAMA | pruned_heads | {"0": [1]} | : pruned_heads: {"0":[1]} is not supported, and ignoring it could \
            give another model: name another base
            LLAMA | is_encoder_decoder | true | : is_encoder_decoder: true is not supported, and ignoring it could \
            give another model: name another base
            LLAMA | partial_rotary_factor | 0.5 | : partial_rotary_factor: 0.5 is not supported, only 1
            QWEN3 | mlp_bias | true | : mlp_bias: true is not supported, and ignoring it could give another model: \
            name another base
            PHI3 | resid_pdrop | 0.1 | : resid_pdrop: 0.1 is not supported, only 0.0
            PHI3 | rope_scaling | {"type": "longrope", "short_factor": [1, 1, 1], "long_factor": 2} | : \
            rope_scaling: long_factor must be a list of 3 numbers, got 2
            GEMMA2 | hidden_activation | "gelu" | : hidden_activation: "gelu" is not supported, only gelu_pytorch_tanh
            GEMMA2 | sliding_window_size | 6 | : sliding_window_size: 6 is not supported, only 5
            GEMMA3 | sliding_window_pattern | 0 | : sliding_window_pattern must be positive, got 0
            GEMMA3 | use_bidirectional_attention | true | : use_bidirectional_attention: true is not supported, and \
            ignoring it could give another model: name another base
            GPT2 | activation_function | "relu" | : activation_function: "relu" is not supported, only gelu_new
            GPT2 | scale_attn_by_inverse_layer_idx | true | : scale_attn_by_inverse_layer_idx: true is not \
            supported, and ignoring it could give another model: name another base
            GPT2 | add_cross_attention | true | : add_cross_attention: true is not supported, and ignoring it could \
            give another model: name another base
            GPT2 | attn_pdrop | 1 | : attn_pdrop must be in [0, 1), got 1.0
            GPT2 | n_head | 4 | : n_embd 15 must be a multiple of n_head 4
            GPT_NEO | activation_function | "gelu" | : activation_function: "gelu" is not supported, only gelu_new
            GPT_NEO | resid_dropout | 0.1 | : resid_dropout: 0.1 is not supported, only 0.0
            GPT_NEO | num_heads | 4 | : hidden_size 15 must be a multiple of num_heads 4
            GPT_NEO | num_heads | 0 | : hidden_size 15 must be a multiple of num_heads 0
            GPT_NEO | attention_types | [[["global"], 3]] | : attention_types must name global or local for each of \
            the 2 layers, got [global, global, global]
            """;

    /** The same of models that classify. */
    private static final String CLASSIFIERS =
            """
            BERT | hidden_act | "relu" | : hidden_act: "relu" is not supported, only gelu
            BERT | position_embedding_type | "relative_key" | : position_embedding_type: "relative_key" is not \
            supported, only absolute
            BERT | is_decoder | true | : is_decoder: true is not supported, only false
            BERT | add_cross_attention | true | : add_cross_attention: true is not supported, and ignoring it could \
            give another model: name another base
            BERT | hidden_size | 16 | : the width 16 must be a multiple of the 3 attention heads
            BERT | num_attention_heads | 0 | : the width 15 must be a multiple of the 0 attention heads
            BERT | attention_probs_dropout_prob | 1.5 | : attention_probs_dropout_prob must be in [0, 1), got 1.5
            BERT | architectures | ["BertForMaskedLM"] | : a bert model cannot be used for causal_lm here, only for \
            [multi_label_classification, regression, sequence_classification]: set model.task, or name another base
            BERT | problem_type | "regression" | : problem_type: regression with 3 labels is not supported, only \
            with one
            DISTILBERT | activation | "relu" | : activation: "relu" is not supported, only gelu
            DISTILBERT | type_vocab_size | 2 | : type_vocab_size: 2 is not supported, and ignoring it could give \
            another model: name another base
            ROBERTA | hidden_act | "gelu_new" | : hidden_act: "gelu_new" is not supported, only gelu
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(textBlock = CLASSIFIERS, delimiter = '|', quoteCharacter = '`')
    void namesFieldAndValueOfAClassifier(TinyClassifier model, String field, String value, String message)
            throws Exception {
        write(model.config(), field, value);

        assertRefused(folder.resolve("config.json") + message);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FIELDS, delimiter = '|', quoteCharacter = '`')
    void namesFieldAndValue(TinyModel model, String field, String value, String message) throws Exception {
        write(model.config(), field, value);

        assertRefused(folder.resolve("config.json") + message);
    }

    /**
     * What transformers 4.57 and 5.24 write into any config.json, and what tools note there: none of it is computed.
     */
    @ParameterizedTest
    @EnumSource
    void fieldsThatChangeNothingAreNoReason(TinyModel model) throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(model.config());
        config.setAll(
                (ObjectNode)
                        JSON.readTree(
                                """
                {"attn_implementation": "sdpa", "_attn_implementation": "eager", "experts_implementation": "eager",
                 "return_dict": true, "output_hidden_states": true, "output_attentions": true, "torchscript": true,
                 "chunk_size_feed_forward": 4, "is_encoder_decoder": false, "is_decoder": true,
                 "cross_attention_hidden_size": 12, "add_cross_attention": false, "tie_encoder_decoder": true,
                 "finetuning_task": "sst2", "task_specific_params": {"text-generation": {"max_length": 50}},
                 "problem_type": "single_label_classification", "tokenizer_class": "PreTrainedTokenizerFast",
                 "prefix": "a", "decoder_start_token_id": 1, "sep_token_id": 2, "pruned_heads": {},
                 "tf_legacy_loss": true, "use_bfloat16": true, "dtype": "float32", "transformers_version": "5.24.0",
                 "num_beams": 1, "num_beam_groups": 1, "diversity_penalty": 0.0, "num_return_sequences": 1,
                 "max_length": 20, "min_length": 3, "max_new_tokens": 30, "do_sample": true, "early_stopping": true,
                 "temperature": 0.7, "top_k": 40, "top_p": 0.9, "top_h": 0.1, "min_p": 0.1, "typical_p": 0.9,
                 "repetition_penalty": 1.1, "length_penalty": 1.0, "no_repeat_ngram_size": 2,
                 "encoder_no_repeat_ngram_size": 2, "bad_words_ids": [[3]], "output_scores": true,
                 "return_dict_in_generate": true, "forced_bos_token_id": 1, "forced_eos_token_id": 2,
                 "remove_invalid_values": true, "exponential_decay_length_penalty": [3, 1.1],
                 "suppress_tokens": [4], "begin_suppress_tokens": [5], "cache_implementation": "hybrid",
                 "pretraining_tp": 2, "use_cache": true, "gradient_checkpointing": true, "auto_map": {"A": "b"},
                 "keys_to_ignore_at_inference": ["past_key_values"], "model_max_length": 99, "use_flash_attn": true,
                 "unsloth_version": "2026.1", "sentence_transformers": {"version": "5.0"}, "xla_device": true,
                 "per_layer_config": null, "rope_interleaved": false, "use_mrope": false, "rope_parameters": null}
                """));
        Files.writeString(folder.resolve("config.json"), config.toString());
        Architecture read = Architecture.read(Folder.local(folder));

        Files.writeString(folder.resolve("config.json"), model.config());
        Architecture plain = Architecture.read(Folder.local(folder));
        assertThat(read.parameters()).isEqualTo(plain.parameters());
        assertThat(read.attributes()).isEqualTo(plain.attributes());
        assertThat(read.windows()).isEqualTo(plain.windows());
        assertThat(read.dropouts()).isEqualTo(plain.dropouts());
    }

    @ParameterizedTest
    @CsvSource({
        "num_attention_heads, 0, 'config.json: the heads must be between 1 and 1048576, got 0'",
        "num_hidden_layers, -1, 'config.json: layers must be between 1 and 2000, got -1'",
        "num_key_value_heads, 3, config.json: num_attention_heads 4 must be a multiple of num_key_value_heads 3"
    })
    void refusesImpossibleSizes(String field, String value, String message) throws Exception {
        write(TinyModel.LLAMA.config(), field, value);

        assertRefused(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "LLAMA | num_hidden_layers | 2000000 | config.json: layers must be between 1 and 2000, got 2000000",
                "GPT2 | n_embd | 1999999998 | config.json: the width must be between 1 and 1048576, got 1999999998",
                "GPT2 | n_positions | 2000000000 | config.json: the positions must be between 1 and 134217728",
                "GPT_NEO | num_layers | 2000000000 | config.json: layers must be between 1 and 2000",
                "GPT_NEO | attention_types | [[[\"global\"], 2000000000]] | FILE: attention_types must name global or",
                "GEMMA3 | num_attention_heads | 2000000000 | config.json: the heads must be between 1 and 1048576",
                "PHI3 | partial_rotary_factor | 1e9 | FILE: partial_rotary_factor must be in (0, 1], got 1.0E9",
                "PHI3 | partial_rotary_factor | -1 | FILE: partial_rotary_factor must be in (0, 1], got -1.0",
                "LLAMA | rope_theta | -1 | FILE: rope_theta must be above 0, got -1",
                "LLAMA | rope_scaling | {\"type\": \"linear\", \"factor\": 0} | FILE: rope_scaling: factor must be",
            })
    void noNumberOfAConfigIsEndlessWork(TinyModel model, String field, String value, String message) throws Exception {
        write(model.config(), field, value);

        assertRefused(message.replace("FILE", folder.resolve("config.json").toString()));
    }

    @Test
    void aClassifierHasNoBillionsOfClasses() throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(TinyModel.LLAMA.config());
        config.putArray("architectures").add("LlamaForSequenceClassification");
        for (int count : new int[] {2_000_000_000, 0, -1}) {
            Files.writeString(
                    folder.resolve("config.json"),
                    config.put("num_labels", count).toString());
            assertRefused(folder.resolve("config.json") + ": a classifier may have 1 to 100000 labels, not " + count);
        }
    }

    @Test
    void divisionByNoHeadsIsNoCrash() throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(TinyModel.LLAMA.config());
        config.remove("head_dim");
        config.put("num_attention_heads", 0);
        Files.writeString(folder.resolve("config.json"), config.toString());

        assertRefused("config.json: the heads must be between 1 and 1048576, got 0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[1] | is damaged: it is not a JSON object",
                "`` | is damaged: it is not a JSON object",
                "{\"model_type\": | is damaged: it is not JSON (Unexpected end-of-input",
                "llama | is damaged: it is not JSON (Unrecognized token 'llama'"
            })
    void namesADamagedConfig(String text, String message) throws Exception {
        Files.writeString(folder.resolve("config.json"), text == null ? "" : text);

        assertRefused(folder.resolve("config.json") + " " + message);
    }

    @Test
    void namesAFolderWithoutConfig() {
        assertRefused(folder + " is no model folder: there is no config.json");
    }

    private void write(String text, String field, String value) throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(text);
        JsonNode node = JSON.readTree(value);
        config.set(field, node);
        Files.writeString(folder.resolve("config.json"), config.toString());
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Architecture.read(Folder.local(folder)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message);
    }
}
