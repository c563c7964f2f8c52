package dev.temper.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * Normalizer, pre-tokenizer and decoder of a tokenizer class, as parts of tokenizer.json. transformers 5 builds most
 * classes from these and the vocabulary, ignoring tokenizer.json; files of slow tokenizers do not contain them.
 */
record Pipeline(JsonNode normalizer, JsonNode preTokenizer, JsonNode decoder) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BYTE_LEVEL =
            "{'type': 'ByteLevel', 'add_prefix_space': %b, 'trim_offsets': true, 'use_regex': %b}";
    private static final String QWEN_WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String PIECES =
            "{'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '},"
                    + " {'type': 'ByteFallback'}, {'type': 'Fuse'}%s]}";
    private static final String SPACES = "{'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'}";

    /**
     * As in transformers 5.
     *
     * @return empty for a class that uses all of tokenizer.json
     */
    static Optional<Pipeline> of(TokenizerClass kind, JsonNode config) {
        return switch (kind) {
            case FILE, CODE_LLAMA -> Optional.empty(); // CodeLlama's is not needed: its files are always rewritten
            case LLAMA -> Optional.of(pieces(config, config.path("legacy").asBoolean(false) ? "always" : "first"));
            default -> Optional.of(slow(kind, config));
        };
    }

    /** For a folder without tokenizer.json, as transformers 4 converts it. */
    static Pipeline slow(TokenizerClass kind, JsonNode config) {
        boolean hasPrefix = config.path("add_prefix_space").asBoolean(false);
        return switch (kind) {
            case LLAMA -> config.path("legacy").asBoolean(true) ? legacyPieces(config) : pieces(config, "first");
            case CODE_LLAMA -> legacyPieces(config);
            case GEMMA -> new Pipeline(
                    json(SPACES),
                    json("{'type': 'Split', 'pattern': {'String': ' '}, 'behavior': 'MergedWithPrevious',"
                            + " 'invert': false}"),
                    json(PIECES.formatted("")));
            case QWEN2 -> new Pipeline(json("{'type': 'NFC'}"), qwenWords(hasPrefix), byteLevel(true));
            case BERT, DISTILBERT -> new Pipeline(
                    bertNormalizer(config),
                    json("{'type': 'BertPreTokenizer'}"),
                    json("{'type': 'WordPiece', 'prefix': '##', 'cleanup': true}"));
            default -> new Pipeline(NullNode.getInstance(), byteLevel(hasPrefix), byteLevel(true));
        };
    }

    static ObjectNode bertNormalizer(JsonNode config) {
        ObjectNode node = (ObjectNode) json("{'type': 'BertNormalizer', 'clean_text': true}");
        node.put("handle_chinese_chars", config.path("tokenize_chinese_chars").asBoolean(true));
        node.set("strip_accents", config.hasNonNull("strip_accents") ? config.get("strip_accents") : null);
        return node.put("lowercase", config.path("do_lower_case").asBoolean(true));
    }

    /** Whether both split texts alike; offsets of tokens may differ. */
    static boolean isSame(JsonNode one, JsonNode other) {
        return simplified(one).equals(simplified(other));
    }

    private static JsonNode simplified(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return NullNode.getInstance();
        }
        JsonNode copy = node.deepCopy();
        for (JsonNode part : copy.path("pretokenizers").isArray() ? copy.path("pretokenizers") : List.of(copy)) {
            if (part instanceof ObjectNode object) {
                object.remove("trim_offsets");
                if (object.path("use_regex").asBoolean(false)) {
                    object.remove("use_regex"); // older files omit it
                }
            }
        }
        return copy;
    }

    private static Pipeline pieces(JsonNode config, String scheme) {
        boolean hasPrefix = config.path("add_prefix_space").asBoolean(true);
        ObjectNode metaspace = (ObjectNode) json("{'type': 'Metaspace', 'replacement': '▁', 'split': false}");
        metaspace.put("prepend_scheme", hasPrefix ? scheme : "never");
        return new Pipeline(NullNode.getInstance(), metaspace, decoder(hasPrefix));
    }

    private static Pipeline legacyPieces(JsonNode config) {
        boolean hasPrefix = config.path("add_prefix_space").asBoolean(true);
        String prefix = hasPrefix ? "{'type': 'Prepend', 'prepend': '▁'}, " : "";
        return new Pipeline(
                json("{'type': 'Sequence', 'normalizers': [" + prefix + SPACES + "]}"),
                NullNode.getInstance(),
                decoder(hasPrefix));
    }

    private static JsonNode decoder(boolean hasPrefix) {
        return json(PIECES.formatted(hasPrefix ? ", {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0}" : ""));
    }

    private static JsonNode byteLevel(boolean hasPrefix) {
        return json(BYTE_LEVEL.formatted(hasPrefix, true));
    }

    private static JsonNode qwenWords(boolean hasPrefix) {
        ObjectNode node = JSON.createObjectNode().put("type", "Sequence");
        ObjectNode split = node.putArray("pretokenizers").addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", QWEN_WORDS);
        split.put("behavior", "Isolated").put("invert", false);
        node.withArray("pretokenizers").add(json(BYTE_LEVEL.formatted(hasPrefix, false)));
        return node;
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
