package dev.temper.text;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * The keys of tokenizer_config.json that change ids. They are applied to tokenizer.json as in transformers 4 where they
 * are written, and as in both versions where they are not; contradictions to tokenizer.json are refused.
 *
 * @param place of tokenizer_config.json, for messages
 */
record TokenizerKeys(String place, TokenizerClass kind, JsonNode config, SpecialTokens special) {
    private static final String BEGIN = "add_bos_token";
    private static final String END = "add_eos_token";
    private static final String PREFIX = "add_prefix_space";

    /** @param ids gives the id of an existing token */
    void apply(ObjectNode tokenizer, ToIntFunction<String> ids) {
        check(
                !config.path("split_special_tokens").asBoolean(false),
                "%s: split_special_tokens true spells special tokens letter by letter, and no chat could be told from"
                        + " its text: remove the key, or set it to false",
                place);
        if (kind.normalizesByConfig()
                && tokenizer.path("normalizer").path("type").asText().equals("BertNormalizer")) {
            ((ObjectNode) tokenizer.get("normalizer")).setAll(withoutTypeOf(Pipeline.bertNormalizer(config)));
        }
        prefix(tokenizer);
        addedToTexts(tokenizer).ifPresent(wanted -> tokenizer.set("post_processor", wanted.toJson(ids)));
    }

    private static ObjectNode withoutTypeOf(ObjectNode normalizer) {
        normalizer.remove(List.of("type", "clean_text"));
        return normalizer;
    }

    private void prefix(ObjectNode tokenizer) {
        JsonNode words = tokenizer.path("pre_tokenizer");
        if (words.path("type").asText().equals("ByteLevel")) {
            if (config.has(PREFIX) || kind.prefixesByConfig()) {
                ((ObjectNode) words).put(PREFIX, config.path(PREFIX).asBoolean(false));
            }
        } else if (kind.addsByConfig() && config.hasNonNull(PREFIX) && !isByteLevel(tokenizer)) {
            boolean wanted = config.path(PREFIX).asBoolean();
            check(
                    kind == TokenizerClass.GEMMA || wanted == hasPrefix(tokenizer),
                    "%s: add_prefix_space is %s, but tokenizer.json puts %s space before a text, and transformers 4"
                            + " and 5 read that differently: save the tokenizer with transformers again, or set"
                            + " the key to %s",
                    place,
                    wanted,
                    wanted ? "no" : "a",
                    !wanted);
        }
    }

    /** Whether a SentencePiece vocabulary adds a space before the text. */
    private static boolean hasPrefix(JsonNode tokenizer) {
        JsonNode words = tokenizer.path("pre_tokenizer");
        boolean isMetaspace = words.path("type").asText().equals("Metaspace");
        String scheme = words.path("prepend_scheme").asText("");
        return tokenizer.path("normalizer").toString().contains("\"Prepend\"")
                || (isMetaspace && (scheme.isEmpty() ? words.path(PREFIX).asBoolean(true) : !scheme.equals("never")));
    }

    static boolean isByteLevel(JsonNode tokenizer) {
        return tokenizer.path("pre_tokenizer").toString().contains("\"ByteLevel\"");
    }

    /** Special tokens that the config adds to texts; empty if it does not say, or agrees with tokenizer.json. */
    private Optional<PostProcessor> addedToTexts(JsonNode tokenizer) {
        if (!kind.addsByConfig() || !(config.has(BEGIN) || config.has(END))) {
            return Optional.empty();
        }
        PostProcessor wanted = byConfig();
        return PostProcessor.of(tokenizer.path("post_processor")).equals(Optional.of(wanted))
                ? Optional.empty()
                : Optional.of(wanted);
    }

    /** Special tokens that transformers 4 adds for classes that use the config; for GPT-2 with its slow files only. */
    PostProcessor byConfig() {
        boolean asks = kind.addsByConfig() || kind == TokenizerClass.GPT2;
        boolean begins = config.has(BEGIN) ? config.path(BEGIN).asBoolean() && asks : kind.addsByConfig();
        return new PostProcessor(
                begins ? List.of(token(BEGIN, "bos_token")) : List.of(),
                config.path(END).asBoolean(false) && kind.addsByConfig()
                        ? List.of(token(END, "eos_token"))
                        : List.of());
    }

    private String token(String key, String role) {
        Optional<String> token = special.text(role);
        check(
                token.isPresent(),
                "%s: %s is true, but there is no %s: name one, or set the key to false",
                place,
                key,
                role);
        return token.get();
    }
}
