package dev.temper.text;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The parts of a tokenizer's files that chat templates need, read as transformers reads them.
 *
 * @param templates by name; one without a name is {@code default}
 * @param specialTokens {@code bos_token} and so on, by the names that templates use
 */
record TokenizerConfig(Map<String, String> templates, Map<String, Object> specialTokens) {
    static TokenizerConfig of(ChatFormat.TokenizerFiles files) {
        ObjectNode config = TokenizerJson.tree(files.tokenizerConfig(), files.location() + "/tokenizer_config.json");
        Optional<JsonNode> map = files.specialTokensMap()
                .map(text -> TokenizerJson.tree(text, files.location() + "/special_tokens_map.json"));
        TokenizerClass kind = TokenizerClass.of(config, JsonNodeFactory.instance.objectNode());
        Map<String, String> templates = files.templates().isEmpty()
                ? templates(config.path("chat_template"), files.location())
                : files.templates();
        return new TokenizerConfig(templates, variables(SpecialTokens.of(kind, config, map, token -> true), config));
    }

    private static Map<String, String> templates(JsonNode value, String location) {
        if (value.isTextual()) {
            return Map.of("default", value.textValue());
        }
        Map<String, String> templates = new HashMap<>();
        for (JsonNode named : value) {
            check(
                    named.path("name").isTextual() && named.path("template").isTextual(),
                    "%s/tokenizer_config.json: chat_template must be a text or a list of {name, template}",
                    location);
            templates.put(named.get("name").textValue(), named.get("template").textValue());
        }
        return templates;
    }

    private static Map<String, Object> variables(SpecialTokens special, JsonNode config) {
        Map<String, Object> tokens = new HashMap<>();
        special.roles().forEach((role, token) -> tokens.put(role, SpecialTokens.content(token)));
        if (!special.further().isEmpty()) {
            tokens.put(
                    SpecialTokens.ADDITIONAL,
                    special.further().stream().map(SpecialTokens::content).toList());
        }
        if (config.path(SpecialTokens.EXTRA).isObject()) { // special tokens with names of their own
            config.path(SpecialTokens.EXTRA)
                    .properties()
                    .forEach(named -> tokens.put(named.getKey(), SpecialTokens.content(named.getValue())));
        }
        return tokens;
    }
}
