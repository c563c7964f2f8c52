package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The special tokens of a tokenizer, read from the same files as in transformers: tokenizer_config.json; before it
 * special_tokens_map.json, if the config does not list its added tokens; otherwise the defaults of the tokenizer's
 * class.
 *
 * @param roles by name, such as {@code eos_token}: texts, or objects that also say which whitespace a token absorbs
 * @param further special tokens without a role
 */
record SpecialTokens(Map<String, JsonNode> roles, Set<JsonNode> further) {
    static final String ADDITIONAL = "additional_special_tokens";
    static final String EXTRA = "extra_special_tokens";
    static final String DECODER = "added_tokens_decoder";
    static final List<String> ROLES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /**
     * @param isToken whether the vocabulary contains a text; defaults of the class that are not in it are left out
     * @param specialTokensMap content of the file, if there is one
     */
    static SpecialTokens of(
            TokenizerClass kind, JsonNode config, Optional<JsonNode> specialTokensMap, Predicate<String> isToken) {
        // If the config lists its added tokens, transformers does not read the second file.
        Optional<JsonNode> older = specialTokensMap.filter(map -> !config.has(DECODER));
        Map<String, JsonNode> roles = new LinkedHashMap<>();
        for (String role : ROLES) {
            JsonNode value =
                    older.filter(map -> map.has(role)).map(map -> map.get(role)).orElseGet(() -> config.get(role));
            String own = kind.defaults().get(role);
            if (value == null && own != null && isToken.test(own)) {
                roles.put(role, described(kind, role, TextNode.valueOf(own)));
                // an explicit null removes the default of the class
            } else if (value != null && !content(value).isEmpty()) {
                roles.put(role, described(kind, role, value));
            }
        }
        Set<JsonNode> further = new LinkedHashSet<>();
        config.path(ADDITIONAL).forEach(further::add);
        config.path(EXTRA).forEach(further::add); // a list, or an object by name
        older.ifPresent(map -> map.path(ADDITIONAL).forEach(further::add));
        older.ifPresent(map -> map.path(EXTRA).forEach(further::add));
        kind.furtherTokens().stream().filter(isToken).map(TextNode::valueOf).forEach(further::add);
        further.removeIf(token -> content(token).isEmpty());
        return new SpecialTokens(roles, further);
    }

    /** RoBERTa's mask token absorbs the space before it. */
    private static JsonNode described(TokenizerClass kind, String role, JsonNode token) {
        return kind == TokenizerClass.ROBERTA && role.equals("mask_token") && token.isTextual()
                ? JsonNodeFactory.instance
                        .objectNode()
                        .put("content", token.textValue())
                        .put("lstrip", true)
                : token;
    }

    /** The text of a token with a role. */
    Optional<String> text(String role) {
        return Optional.ofNullable(roles.get(role)).map(SpecialTokens::content);
    }

    /** The text of a special token, which is given as a text or as an object with one. */
    static String content(JsonNode token) {
        return (token.isObject() ? token.path("content") : token).asText("");
    }
}
