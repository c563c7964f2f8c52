package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a chat template needs of a tokenizer's files, read as transformers reads them.
 *
 * @param templates by name; one without a name is {@code default}
 * @param specialTokens {@code bos_token} and so on, by the names that templates use
 */
record TokenizerConfig(Map<String, String> templates, Map<String, Object> specialTokens) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ADDITIONAL = "additional_special_tokens";
    private static final List<String> ROLES = List.of(
            "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", ADDITIONAL);

    static TokenizerConfig of(ChatFormat.TokenizerFiles files) {
        JsonNode config = tree(files.tokenizerConfig(), files.location() + "/tokenizer_config.json");
        Map<String, Object> specialTokens = specialTokens(config);
        // Older folders only: where the config lists its added tokens, transformers does not read the second file.
        if (!config.has("added_tokens_decoder") && files.specialTokensMap().isPresent()) {
            String place = files.location() + "/special_tokens_map.json";
            specialTokens.putAll(specialTokens(tree(files.specialTokensMap().get(), place)));
        }
        Map<String, String> templates = files.templates().isEmpty()
                ? templates(config.path("chat_template"), files.location())
                : files.templates();
        return new TokenizerConfig(templates, specialTokens);
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

    private static Map<String, Object> specialTokens(JsonNode config) {
        Map<String, Object> tokens = new HashMap<>();
        for (String role : ROLES) {
            JsonNode value = config.path(role);
            if (role.equals(ADDITIONAL) && value.isArray()) {
                List<String> texts = new ArrayList<>();
                value.forEach(token -> texts.add(text(token)));
                if (!texts.isEmpty()) {
                    tokens.put(role, texts);
                }
            } else if (!text(value).isEmpty()) {
                tokens.put(role, text(value));
            }
        }
        return tokens;
    }

    private static String text(JsonNode token) {
        return (token.isObject() ? token.path("content") : token).asText("");
    }

    private static JsonNode tree(String json, String place) {
        try {
            JsonNode tree = JSON.readTree(json);
            check(tree.isObject(), "%s is no JSON object: it may be cut off", place);
            return tree;
        } catch (JsonProcessingException e) {
            throw invalid("%s is no valid JSON: %s", place, e.getOriginalMessage());
        }
    }
}
