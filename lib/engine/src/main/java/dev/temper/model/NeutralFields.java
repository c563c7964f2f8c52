package dev.temper.model;

import java.util.Set;

/**
 * Fields of config.json that change nothing of what a model computes from tokens. Everything else is asked for by the
 * family, or refused.
 */
final class NeutralFields {
    /** What every configuration class of transformers 4 and 5 may write. */
    private static final Set<String> BOOKKEEPING = Set.of(
            "architectures",
            "attn_implementation",
            "auto_map",
            "bos_token_id",
            "chunk_size_feed_forward", // how rows are split; the result is the same
            "cls_token_id",
            "cross_attention_hidden_size", // refused where add_cross_attention is set
            "decoder_start_token_id",
            "distributed_config",
            "dtype",
            "eos_token_id",
            "experts_implementation",
            "finetuning_task",
            "gradient_checkpointing",
            "id2label",
            "initializer_factor",
            "initializer_range",
            "is_decoder",
            "keys_to_ignore_at_inference",
            "label2id",
            "mask_token_id",
            "model_type",
            "name_or_path",
            "num_labels",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            "prefix",
            "pretraining_tp", // how products were split in pretraining; the result is the same
            "problem_type",
            "return_dict",
            "sep_token_id",
            "task_specific_params",
            "tf_legacy_loss",
            "tie_encoder_decoder",
            "tie_last_hidden_states", // which hidden states are reported
            "tokenizer_class",
            "torch_dtype",
            "torchscript",
            "transformers_version",
            "unk_token_id",
            "use_bfloat16",
            "use_cache",
            "use_return_dict");

    /** Settings of generate, which older versions kept here; what is generated with is the caller's. */
    private static final Set<String> GENERATION = Set.of(
            "bad_words_ids",
            "begin_suppress_tokens",
            "cache_implementation",
            "diversity_penalty",
            "do_sample",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "encoder_repetition_penalty",
            "epsilon_cutoff",
            "eta_cutoff",
            "exponential_decay_length_penalty",
            "force_words_ids",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "guidance_scale",
            "length_penalty",
            "max_length",
            "max_new_tokens",
            "max_time",
            "min_length",
            "min_new_tokens",
            "min_p",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_logits",
            "output_scores",
            "penalty_alpha",
            "remove_invalid_values",
            "renormalize_logits",
            "repetition_penalty",
            "return_dict_in_generate",
            "sequence_bias",
            "stop_strings",
            "suppress_tokens",
            "temperature",
            "top_h",
            "top_k",
            "top_p",
            "typical_p",
            "watermarking_config");

    /** Notes of other tools, and ways of computing the same, that published files carry. */
    private static final Set<String> NOTES = Set.of(
            "attention_implementation",
            "base_model",
            "base_model_name_or_path",
            "classifier_dropout", // families with such a dropout ask for it
            "flash_attention",
            "is_llama_config",
            "language",
            "license",
            "max_seq_len",
            "max_seq_length",
            "max_sequence_length",
            "model_max_length",
            "model_name",
            "name",
            "sentence_transformers",
            "seq_length",
            "transformers.js_config",
            "unsloth_fixed",
            "unsloth_version",
            "use_flash_attention",
            "use_flash_attention_2",
            "use_flash_attn",
            "use_ipex",
            "use_sdpa",
            "vocab_file",
            "xla_device");

    private NeutralFields() {}

    /** Names that begin with an underscore are private to transformers. */
    static boolean contains(String name) {
        return name.startsWith("_") || BOOKKEEPING.contains(name) || GENERATION.contains(name) || NOTES.contains(name);
    }
}
