package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer class of transformers: its default special tokens, and the keys of {@code tokenizer_config.json} that
 * change ids.
 */
enum TokenizerClass {
    LLAMA("LlamaTokenizer", "left", Map.of("unk_token", "<unk>", "bos_token", "<s>", "eos_token", "</s>")),
    CODE_LLAMA("CodeLlamaTokenizer", "left", LLAMA.defaults),
    GEMMA(
            "GemmaTokenizer",
            "left",
            Map.of("unk_token", "<unk>", "bos_token", "<bos>", "eos_token", "<eos>", "pad_token", "<pad>")),
    GPT2("GPT2Tokenizer", "right", same("<|endoftext|>", "unk_token", "bos_token", "eos_token")),
    QWEN2("Qwen2Tokenizer", "right", same("<|endoftext|>", "unk_token", "eos_token", "pad_token")),
    ROBERTA(
            "RobertaTokenizer",
            "right",
            Map.of(
                    "bos_token", "<s>",
                    "eos_token", "</s>",
                    "sep_token", "</s>",
                    "cls_token", "<s>",
                    "unk_token", "<unk>",
                    "pad_token", "<pad>",
                    "mask_token", "<mask>")),
    BERT(
            "BertTokenizer",
            "right",
            Map.of(
                    "unk_token", "[UNK]",
                    "sep_token", "[SEP]",
                    "pad_token", "[PAD]",
                    "cls_token", "[CLS]",
                    "mask_token", "[MASK]")),
    DISTILBERT("DistilBertTokenizer", "right", BERT.defaults),
    /** Uses tokenizer.json as it is; also stands for any class that is not listed. */
    FILE("PreTrainedTokenizerFast", "right", Map.of());

    private static final Map<String, TokenizerClass> OF_MODEL = Map.ofEntries(
            Map.entry("llama", LLAMA),
            Map.entry("mistral", LLAMA),
            Map.entry("phi3", LLAMA),
            Map.entry("code_llama", CODE_LLAMA),
            Map.entry("gemma", GEMMA),
            Map.entry("gemma2", GEMMA),
            Map.entry("gemma3", GEMMA),
            Map.entry("gemma3_text", GEMMA),
            Map.entry("gpt2", GPT2),
            Map.entry("gpt_neo", GPT2),
            Map.entry("qwen2", QWEN2),
            Map.entry("qwen3", QWEN2),
            Map.entry("roberta", ROBERTA),
            Map.entry("bert", BERT),
            Map.entry("distilbert", DISTILBERT));

    private final String className;
    private final String paddingSide;

    @SuppressWarnings("ImmutableEnumChecker") // Map.of is immutable
    private final Map<String, String> defaults;

    TokenizerClass(String className, String paddingSide, Map<String, String> defaults) {
        this.className = className;
        this.paddingSide = paddingSide;
        this.defaults = defaults;
    }

    /**
     * The class that AutoTokenizer chooses.
     *
     * @param config tokenizer_config.json
     * @param model config.json, or an empty object
     */
    static TokenizerClass of(JsonNode config, JsonNode model) {
        String named = config.path("tokenizer_class").asText("");
        named = named.isEmpty() ? model.path("tokenizer_class").asText("") : named;
        if (named.isEmpty()) {
            return OF_MODEL.getOrDefault(model.path("model_type").asText(""), FILE);
        }
        String name = named.endsWith("Fast") && !named.equals(FILE.className)
                ? named.substring(0, named.length() - "Fast".length())
                : named;
        return Arrays.stream(values())
                .filter(kind -> kind.className.equals(name))
                .findFirst()
                .orElse(FILE);
    }

    /** tokenizer_config.json with the class filled in if only config.json determines it. */
    static String named(Folder folder) {
        ObjectNode config =
                TokenizerJson.tree(folder, TokenizerJson.CONFIG).orElseGet(JsonNodeFactory.instance::objectNode);
        ObjectNode model = TokenizerJson.tree(folder, "config.json").orElseGet(JsonNodeFactory.instance::objectNode);
        return config.put("tokenizer_class", of(config, model).className).toString();
    }

    String className() {
        return className;
    }

    String paddingSide() {
        return paddingSide;
    }

    /** Default special tokens by role. */
    Map<String, String> defaults() {
        return defaults;
    }

    /** Default special tokens without a role. */
    List<String> furtherTokens() {
        return this == CODE_LLAMA ? List.of("▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>") : List.of();
    }

    /** Input names of the model; without them transformers 4 would return token type ids as well. */
    List<String> inputNames() {
        return this == BERT
                ? List.of("input_ids", "token_type_ids", "attention_mask")
                : List.of("input_ids", "attention_mask");
    }

    /** Whether {@code add_bos_token} and {@code add_eos_token} determine the special tokens that are added. */
    boolean addsByConfig() {
        return this == LLAMA || this == CODE_LLAMA || this == GEMMA;
    }

    /**
     * Whether {@code do_lower_case}, {@code strip_accents} and {@code tokenize_chinese_chars} determine normalization.
     */
    boolean normalizesByConfig() {
        return this == BERT || this == DISTILBERT;
    }

    /** Whether a prefix space is only added if {@code add_prefix_space} says so. */
    boolean prefixesByConfig() {
        return this == GPT2 || this == ROBERTA;
    }

    private static Map<String, String> same(String token, String... roles) {
        Map<String, String> all = new HashMap<>();
        for (String role : roles) {
            all.put(role, token);
        }
        return all;
    }
}
