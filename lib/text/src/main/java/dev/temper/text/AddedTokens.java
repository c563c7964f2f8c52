package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Tokens added to a tokenizer, as {@code tokenizer.add_tokens} of transformers does: a new token gets the next free id,
 * a token that is in the vocabulary keeps its id, and a token that was added before is left unchanged.
 */
public record AddedTokens(List<NewToken> tokens) {
    public static final AddedTokens NONE = new AddedTokens(List.of());

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DECODER = SpecialTokens.DECODER;
    private static final String LEGACY = "added_tokens.json"; // written for slow tokenizers

    public AddedTokens {
        Set<String> seen = new LinkedHashSet<>();
        tokens.forEach(token ->
                check(seen.add(token.content()), "model.add_tokens names '%s' twice; name it once", token.content()));
        tokens = List.copyOf(tokens);
    }

    public boolean isEmpty() {
        return tokens.isEmpty();
    }

    /** Parses the result of {@link #toJson}. */
    public static AddedTokens ofJson(String json) {
        List<NewToken> tokens = new ArrayList<>();
        try {
            for (JsonNode token : JSON.readTree(json)) {
                boolean isSpecial = token.path("special").asBoolean();
                tokens.add(
                        new NewToken(token.path("content").asText(), isSpecial ? Optional.of(true) : Optional.empty()));
            }
        } catch (JsonProcessingException e) {
            throw invalid(
                    "added tokens must be a JSON list of {content, special}: %s",
                    Printable.parserMessage(e.getOriginalMessage()));
        }
        return new AddedTokens(tokens);
    }

    /** The tokens as a JSON list of objects with {@code content} and {@code special}. */
    public String toJson() {
        ArrayNode list = JSON.createArrayNode();
        tokens.forEach(token -> list.addObject().put("content", token.content()).put("special", token.isSpecial()));
        return list.toString();
    }

    /**
     * A tokenizer.json with these tokens; the text itself if it already has all of them.
     *
     * @param tree parsed form of the text; receives the tokens, too
     */
    String into(String tokenizerJson, ObjectNode tree) {
        boolean isChanged = false;
        for (NewToken token : tokens) {
            isChanged |= add(tree, token);
        }
        if (!isChanged) {
            return tokenizerJson;
        }
        List<JsonNode> sorted = new ArrayList<>();
        tree.withArray("added_tokens").forEach(sorted::add);
        sorted.sort(Comparator.comparing(token -> token.path("id").asInt())); // as the tokenizers library saves them
        tree.withArray("added_tokens").removeAll().addAll(sorted);
        return tree.toString();
    }

    private static boolean add(ObjectNode tokenizer, NewToken token) {
        ArrayNode added = tokenizer.withArray("added_tokens");
        OptionalInt last = OptionalInt.empty();
        for (JsonNode old : added) {
            if (old.path("content").asText().equals(token.content())) {
                return false;
            }
            last = OptionalInt.of(Math.max(last.orElse(0), old.path("id").asInt()));
        }
        int pieces = tokenizer.path("model").path("vocab").size();
        int next = last.isPresent() && last.getAsInt() >= pieces ? last.getAsInt() + 1 : pieces;
        ObjectNode entry = added.addObject()
                .put("id", Vocabulary.id(tokenizer, token.content()).orElse(next))
                .put("content", token.content());
        describe(entry, token);
        return true;
    }

    private static void describe(ObjectNode entry, NewToken token) {
        entry.put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", !token.isSpecial())
                .put("special", token.isSpecial());
    }

    /** New contents of those tokenizer files that change when these tokens are added, as transformers saves them. */
    public Map<String, String> changes(Folder folder) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        if (isEmpty()) {
            return texts;
        }
        TokenizerJson files = TokenizerJson.read(folder);
        ObjectNode tree = files.tokenizer();
        texts.put(TokenizerJson.FILE, into(files.text(), tree));
        ObjectNode config = files.config();
        if (config.path(DECODER).isObject()) {
            ObjectNode decoder = (ObjectNode) config.get(DECODER);
            tokens.stream()
                    .filter(token -> !decoder.has(id(tree, token)))
                    .forEach(token ->
                            describe(decoder.putObject(id(tree, token)).put("content", token.content()), token));
            texts.put(
                    TokenizerJson.CONFIG, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        }
        if (folder.has(LEGACY)) {
            ObjectNode legacy = (ObjectNode) JSON.readTree(UntrustedFile.text(folder, LEGACY));
            tokens.forEach(token -> legacy.put(token.content(), Integer.valueOf(id(tree, token))));
            texts.put(LEGACY, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(legacy) + "\n");
        }
        return texts;
    }

    private static String id(JsonNode tokenizer, NewToken token) {
        return String.valueOf(Vocabulary.id(tokenizer, token.content()).orElseThrow());
    }
}
