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
 * The special tokens of a tokenizer, found where transformers looks for them: in tokenizer_config.json; where that does
 * not list its added tokens, in special_tokens_map.json before it; else those of the tokenizer's class.
 *
 * @param roles by name, such as {@code eos_token}: texts, or objects that also say what a token takes in around it
 * @param further tokens without a role
 */
record SpecialTokens(Map<String, JsonNode> roles, Set<JsonNode> further) {
    static final String ADDITIONAL = "additional_special_tokens";
    static final String EXTRA = "extra_special_tokens";
    static final String DECODER = "added_tokens_decoder";
    static final List<String> ROLES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /**
     * @param isToken of a text, whether the vocabulary has it; a class's own tokens are left out where it has not
     * @param specialTokensMap the file's content, where there is one
     */
    static SpecialTokens of(
            TokenizerClass kind, JsonNode config, Optional<JsonNode> specialTokensMap, Predicate<String> isToken) {
        // Where the config lists its added tokens, transformers does not read the second file.
        Optional<JsonNode> older = specialTokensMap.filter(map -> !config.has(DECODER));
        Map<String, JsonNode> roles = new LinkedHashMap<>();
        for (String role : ROLES) {
            JsonNode value =
                    older.filter(map -> map.has(role)).map(map -> map.get(role)).orElseGet(() -> config.get(role));
            String own = kind.defaults().get(role);
            if (value == null && own != null && isToken.test(own)) {
                roles.put(role, described(kind, role, TextNode.valueOf(own)));
            } else if (value != null && !content(value).isEmpty()) { // null: none, whatever the class has
                roles.put(role, described(kind, role, value));
            }
        }
        Set<JsonNode> further = new LinkedHashSet<>();
        config.path(ADDITIONAL).forEach(further::add);
        config.path(EXTRA).forEach(further::add); // of a list, or of an object by names
        older.ifPresent(map -> map.path(ADDITIONAL).forEach(further::add));
        older.ifPresent(map -> map.path(EXTRA).forEach(further::add));
        kind.furtherTokens().stream().filter(isToken).map(TextNode::valueOf).forEach(further::add);
        further.removeIf(token -> content(token).isEmpty());
        return new SpecialTokens(roles, further);
    }

    /** RoBERTa's mask takes in the space before it. */
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

    /** A special token is a text, or an object with one. */
    static String content(JsonNode token) {
        return (token.isObject() ? token.path("content") : token).asText("");
    }
}
