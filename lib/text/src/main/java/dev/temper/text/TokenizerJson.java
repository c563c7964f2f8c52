package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A tokenizer as all files of its folder define it together, in the form of tokenizer.json.
 *
 * @param tokenizer with the added tokens and settings of the other files
 * @param file content of tokenizer.json, if it alone gives the same
 * @param config tokenizer_config.json; an empty object if there is none
 */
record TokenizerJson(
        ObjectNode tokenizer, Optional<String> file, TokenizerClass kind, ObjectNode config, SpecialTokens special) {
    private static final List<String> CHANGED =
            List.of("added_tokens", "normalizer", "pre_tokenizer", "post_processor");
    static final String FILE = "tokenizer.json";
    static final String CONFIG = "tokenizer_config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    static TokenizerJson read(Folder folder) {
        return read(folder, folder);
    }

    /**
     * @param model folder of the model, whose config.json determines the class if the tokenizer's files do not
     * @throws dev.temper.check.InvalidInputException when the files do not define a tokenizer, or contradict each other
     */
    static TokenizerJson read(Folder folder, Folder model) {
        ObjectNode config = tree(folder, CONFIG).orElseGet(JSON::createObjectNode);
        JsonNode modelConfig = tree(model, "config.json").orElseGet(JSON::createObjectNode);
        TokenizerClass kind = TokenizerClass.of(config, modelConfig);
        Optional<String> file = text(folder, FILE);
        ObjectNode tokenizer = file.isPresent()
                ? tree(file.get(), folder.location(FILE))
                : SlowVocabulary.read(folder, kind)
                        .orElseThrow(() -> invalid(
                                "%s is missing: the tokenizer's folder must have it; a %s is read from it"
                                        + " alone, so save the tokenizer there with"
                                        + " AutoTokenizer.from_pretrained(…).save_pretrained(…)",
                                folder.location(FILE),
                                config.path("tokenizer_class").asText("tokenizer")));
        JsonNode filler = tokenizer.path("padding").path("pad_token");
        if (filler.isTextual() && !config.has("pad_token") && !kind.defaults().containsKey("pad_token")) {
            config.set("pad_token", filler);
        }
        ObjectNode before = JSON.createObjectNode();
        CHANGED.forEach(part -> before.set(part, tokenizer.path(part).deepCopy()));
        ListedTokens added = new ListedTokens(tokenizer);
        // If a tokenizer has only a vocabulary, default special tokens that would get new ids are left out, such as
        // Qwen2's.
        Predicate<String> isToken = file.isPresent() ? added::has : token -> true;
        SpecialTokens special = SpecialTokens.of(
                kind, config, tree(folder, "special_tokens_map.json").map(JsonNode.class::cast), isToken);
        added.addListed(config, tree(folder, "added_tokens.json").map(JsonNode.class::cast), special);
        added.addSpecial(special.roles().values());
        added.addSpecial(special.further());
        if (!added.toJson().isEmpty() || tokenizer.has("added_tokens")) {
            tokenizer.set("added_tokens", added.toJson());
        }
        TokenizerKeys keys = new TokenizerKeys(folder.location(CONFIG), kind, config, special);
        if (file.isEmpty()) {
            SlowVocabulary.complete(tokenizer, keys, added::id);
        }
        keys.apply(tokenizer, token -> added.id(token).orElseThrow());
        boolean isFile = CHANGED.stream().allMatch(part -> before.path(part).equals(tokenizer.path(part)));
        return new TokenizerJson(tokenizer, file.filter(text -> isFile), kind, config, special);
    }

    /** The text that the native library reads. */
    String text() {
        return file.orElseGet(tokenizer::toString);
    }

    static ObjectNode tree(String json, String place) {
        try {
            JsonNode tree = JSON.readTree(json);
            check(tree.isObject(), "%s is no JSON object: it may be cut off", place);
            return (ObjectNode) tree;
        } catch (JsonProcessingException e) {
            throw invalid("%s is no valid JSON: %s", place, Printable.parserMessage(e.getOriginalMessage()));
        }
    }

    static Optional<ObjectNode> tree(Folder folder, String name) {
        return text(folder, name).map(text -> tree(text, folder.location(name)));
    }

    static Optional<String> text(Folder folder, String name) {
        try {
            return folder.bytes(name).isPresent() ? Optional.of(UntrustedFile.text(folder, name)) : Optional.empty();
        } catch (IOException e) {
            throw new InvalidInputException(folder.location(name) + " cannot be read: " + e.getMessage(), e);
        }
    }
}
