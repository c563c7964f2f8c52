package dev.temper.text;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Number of ids of a tokenizer, and its begin, end and padding tokens.
 *
 * @param size the largest id plus one
 * @param bytes ids of byte tokens such as {@code <0x0A>}, which make up characters without a token
 */
record Vocabulary(int size, Token begin, Token end, Token pad, Set<Integer> bytes) {
    // 60 times the largest known vocabulary; limits the memory of tables by id
    private static final int MAX_IDS = 1 << 24;
    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-F]{2}>");

    /** A token with a role; both parts are empty if the tokenizer has none. */
    record Token(Optional<String> text, OptionalInt id) {}

    static Vocabulary of(TokenizerJson files) {
        return new Vocabulary(
                size(files.tokenizer()),
                token(files, "bos_token"),
                token(files, "eos_token"),
                token(files, "pad_token"),
                bytes(files.tokenizer()));
    }

    private static Token token(TokenizerJson files, String role) {
        Optional<String> text = files.special().text(role);
        return new Token(text, text.isPresent() ? id(files.tokenizer(), text.get()) : OptionalInt.empty());
    }

    /** The id of a token, added or in the model's vocabulary. */
    static OptionalInt id(JsonNode tokenizer, String token) {
        for (JsonNode added : tokenizer.path("added_tokens")) {
            if (added.path("content").asText().equals(token)) {
                return OptionalInt.of(added.path("id").asInt());
            }
        }
        return idOfPiece(tokenizer.path("model").path("vocab"), token);
    }

    /**
     * Ids of the tokens in the model's vocabulary; the first one if a token occurs twice, as it may in a list of
     * pieces.
     */
    static Map<String, Integer> pieces(JsonNode tokenizer) {
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        Map<String, Integer> ids = new HashMap<>();
        if (vocabulary.isObject()) {
            vocabulary
                    .properties()
                    .forEach(piece -> ids.put(piece.getKey(), piece.getValue().asInt()));
        }
        for (int i = 0; vocabulary.isArray() && i < vocabulary.size(); i++) {
            ids.putIfAbsent(vocabulary.get(i).path(0).asText(), i);
        }
        return ids;
    }

    /** The id of a token in the model's vocabulary. */
    static OptionalInt idOfPiece(JsonNode vocabulary, String token) {
        if (vocabulary.isObject()) {
            return vocabulary.has(token) ? OptionalInt.of(vocabulary.path(token).asInt()) : OptionalInt.empty();
        }
        for (int i = 0; i < vocabulary.size(); i++) { // Unigram: a list of pieces with their scores
            if (vocabulary.get(i).path(0).asText().equals(token)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    private static Set<Integer> bytes(JsonNode tokenizer) {
        Set<Integer> ids = new HashSet<>();
        if (!tokenizer.path("decoder").toString().contains("\"ByteFallback\"")) {
            return ids;
        }
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
            if (BYTE.matcher(token.getKey()).matches()) {
                ids.add(token.getValue().asInt());
            }
        }
        for (int i = 0; vocabulary.isArray() && i < vocabulary.size(); i++) {
            if (BYTE.matcher(vocabulary.get(i).path(0).asText()).matches()) {
                ids.add(i);
            }
        }
        return ids;
    }

    /**
     * The largest id plus one.
     *
     * @throws dev.temper.check.InvalidInputException when an id is negative, or larger than any known vocabulary
     */
    static int size(JsonNode tokenizer) {
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        int size = vocabulary.isObject() ? 0 : vocabulary.size();
        if (vocabulary.isObject()) {
            for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
                size = Math.max(size, id(entry.getKey(), entry.getValue()) + 1);
            }
        }
        for (JsonNode added : tokenizer.path("added_tokens")) {
            size = Math.max(size, id(added.path("content").asText(), added.path("id")) + 1);
        }
        return size;
    }

    private static int id(String token, JsonNode id) {
        check(
                id.canConvertToInt() && id.asInt() >= 0 && id.asInt() < MAX_IDS,
                "tokenizer.json: the id of '%s' must be between 0 and %d, got %s",
                token,
                MAX_IDS,
                id);
        return id.asInt();
    }
}
