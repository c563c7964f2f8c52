package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tokens that are matched in a text before it is split: those of tokenizer.json, and those that other files add, which
 * get the next free ids as in transformers.
 */
final class ListedTokens {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> FLAGS = List.of("single_word", "lstrip", "rstrip", "normalized", "special");

    private final Map<String, Integer> pieces;
    private final Map<String, ObjectNode> byContent = new LinkedHashMap<>();
    private int nextId;

    ListedTokens(JsonNode tokenizer) {
        this.pieces = Vocabulary.pieces(tokenizer);
        this.nextId = tokenizer.path("model").path("vocab").size();
        for (JsonNode token : tokenizer.path("added_tokens")) {
            list(token.path("content").asText(), token.deepCopy());
        }
    }

    private void list(String content, ObjectNode token) {
        byContent.put(content, token);
        nextId = Math.max(nextId, token.path("id").asInt() + 1);
    }

    /** Whether a text is a token, added or in the vocabulary. */
    boolean has(String content) {
        return id(content).isPresent();
    }

    OptionalInt id(String content) {
        ObjectNode added = byContent.get(content);
        Integer id = added == null
                ? pieces.get(content)
                : Integer.valueOf(added.path("id").asInt());
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Adds the tokens of {@code added_tokens_decoder}, which may also change how existing ones are matched, or in older
     * folders those of added_tokens.json.
     */
    void addListed(JsonNode config, Optional<JsonNode> addedTokensFile, SpecialTokens special) {
        if (config.has(SpecialTokens.DECODER)) {
            Map<Integer, JsonNode> byId = new TreeMap<>();
            config.path(SpecialTokens.DECODER)
                    .properties()
                    .forEach(token -> byId.put(Integer.valueOf(token.getKey()), token.getValue()));
            byId.values().forEach(this::put);
            return;
        }
        Set<String> named = new HashSet<>();
        special.roles().values().forEach(role -> named.add(SpecialTokens.content(role)));
        special.further().forEach(other -> named.add(SpecialTokens.content(other)));
        List<Map.Entry<String, JsonNode>> listed = new ArrayList<>();
        addedTokensFile.ifPresent(file -> listed.addAll(file.properties()));
        listed.sort(Comparator.comparingInt(token -> token.getValue().asInt()));
        for (Map.Entry<String, JsonNode> token : listed) {
            if (!byContent.containsKey(token.getKey())) {
                boolean isSpecial = named.contains(token.getKey());
                put(JSON.createObjectNode()
                        .put("content", token.getKey())
                        .put("normalized", !isSpecial)
                        .put("special", isSpecial));
            }
        }
    }

    /** Adds special tokens that are missing. */
    void addSpecial(Iterable<JsonNode> tokens) {
        for (JsonNode token : tokens) {
            String content = SpecialTokens.content(token);
            if (!byContent.containsKey(content)) {
                ObjectNode added = token.isObject() ? token.deepCopy() : JSON.createObjectNode();
                put(added.put("content", content).put("special", true));
            }
        }
    }

    /** The tokens sorted by id, as in tokenizer.json. */
    ArrayNode toJson() {
        ArrayNode list = JSON.createArrayNode();
        byContent.values().stream()
                .sorted(Comparator.comparingInt(token -> token.path("id").asInt()))
                .forEach(list::add);
        return list;
    }

    private void put(JsonNode token) {
        String content = token.path("content").asText();
        ObjectNode added = JSON.createObjectNode();
        added.put("id", id(content).orElse(nextId)).put("content", content);
        for (String flag : FLAGS) {
            boolean isDefault =
                    flag.equals("normalized") && !token.path("special").asBoolean();
            added.put(flag, token.path(flag).asBoolean(isDefault));
        }
        list(content, added);
    }
}
