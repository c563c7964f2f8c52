package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the tokenizer's files next to a trained model or adapter, so that transformers 4 and 5 both encode texts to
 * the ids that were trained on. If they would not with the base's files, tokenizer.json is written as it was used in
 * training, and tokenizer_config.json names the class that loads it unchanged.
 */
public final class SavedTokenizer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectWriter PRETTY = JSON.writerWithDefaultPrettyPrinter();

    private final TokenizerJson files;

    private SavedTokenizer(TokenizerJson files) {
        this.files = files;
    }

    /**
     * Rewrites the copied files of a tokenizer if necessary.
     *
     * @param target folder with the copies, otherwise complete
     * @param base folder of the model, whose config.json determines the tokenizer class if the tokenizer's files do not
     */
    public static void settle(Folder target, Folder base) throws IOException {
        if (!Tokenizer.isIn(target)) {
            return; // the model has no tokenizer
        }
        SavedTokenizer saved = new SavedTokenizer(TokenizerJson.read(target, base));
        if (!saved.isReadAlike()) {
            target.writeText(TokenizerJson.FILE, PRETTY.writeValueAsString(saved.files.tokenizer()));
            target.writeText(TokenizerJson.CONFIG, PRETTY.writeValueAsString(saved.config()) + "\n");
        }
    }

    /** Whether transformers 4 and 5 both read the files as they were used in training. */
    private boolean isReadAlike() {
        JsonNode config = files.config();
        JsonNode tokenizer = files.tokenizer();
        boolean isKnown = files.file().isPresent()
                && !config.path(SpecialTokens.EXTRA).isArray() // transformers 4 fails
                && isNamedInBoth(config.path("tokenizer_class").asText(""));
        return isKnown && isReadBy4(config, tokenizer) && isReadBy5(config, tokenizer);
    }

    private boolean isNamedInBoth(String name) {
        return !name.isEmpty()
                && !name.equals("TokenizersBackend")
                && (files.kind() != TokenizerClass.FILE || name.equals(TokenizerClass.FILE.className()));
    }

    /** transformers 4 adds a begin token by default, and adds no prefix space in byte-level tokenizers by default. */
    private boolean isReadBy4(JsonNode config, JsonNode tokenizer) {
        JsonNode words = tokenizer.path("pre_tokenizer");
        boolean isPrefixSaid = !words.path("type").asText().equals("ByteLevel")
                || words.path("add_prefix_space").asBoolean()
                        == config.path("add_prefix_space").asBoolean(false);
        return isPrefixSaid
                && (!files.kind().addsByConfig()
                        || Optional.of(addedBy4(config)).equals(PostProcessor.of(tokenizer.path("post_processor"))));
    }

    private PostProcessor addedBy4(JsonNode config) {
        return new TokenizerKeys(TokenizerJson.CONFIG, files.kind(), config, files.special()).byConfig();
    }

    /** transformers 5 builds most classes from vocabulary, config and listed added tokens. */
    private boolean isReadBy5(JsonNode config, JsonNode tokenizer) {
        if (files.kind() == TokenizerClass.FILE
                || (files.kind() == TokenizerClass.LLAMA && TokenizerKeys.isByteLevel(tokenizer))) {
            return true;
        }
        Optional<Pipeline> built = Pipeline.of(files.kind(), config);
        return built.isPresent()
                && Pipeline.isSame(built.get().normalizer(), tokenizer.path("normalizer"))
                && Pipeline.isSame(built.get().preTokenizer(), tokenizer.path("pre_tokenizer"))
                && isBuiltAlike(tokenizer.path("model"))
                && areAddedAlike(config, tokenizer);
    }

    private boolean isBuiltAlike(JsonNode model) {
        boolean isPlain = model.path("dropout").asDouble(0) == 0
                && !model.path("ignore_merges").asBoolean(false)
                && model.path("end_of_word_suffix").asText("").isEmpty();
        String prefix = model.path("continuing_subword_prefix").asText("");
        boolean ofPieces = files.kind().addsByConfig();
        boolean hasUnknown = !model.path("unk_token").isMissingNode()
                && !model.path("unk_token").isNull();
        if (files.kind().normalizesByConfig()) {
            return prefix.equals("##")
                    && model.path("max_input_chars_per_word").asInt(100) == 100
                    && Optional.of(model.path("unk_token").asText())
                            .equals(files.special().text("unk_token"));
        }
        return isPlain
                && prefix.isEmpty()
                && model.path("fuse_unk").asBoolean(false) == ofPieces
                && model.path("byte_fallback").asBoolean(false) == ofPieces
                && (ofPieces ? model.path("vocab").has("<0x00>") : !hasUnknown);
    }

    private static boolean areAddedAlike(JsonNode config, JsonNode tokenizer) {
        Set<String> added = new HashSet<>();
        int next = tokenizer.path("model").path("vocab").size();
        for (JsonNode token : tokenizer.path("added_tokens")) {
            added.add(token.path("content").asText());
            int id = token.path("id").asInt();
            if (id >= next && id != next++) {
                return false; // transformers would close a gap between ids
            }
        }
        Set<String> listed = new HashSet<>();
        config.path(SpecialTokens.DECODER).forEach(token -> listed.add(SpecialTokens.content(token)));
        return !config.has(SpecialTokens.DECODER) || listed.equals(added);
    }

    /** The base's config with explicit values for everything that has a default in its class or in one version. */
    private ObjectNode config() {
        ObjectNode config = files.config().deepCopy();
        SpecialTokens.ROLES.forEach(role ->
                files.special().text(role).ifPresentOrElse(text -> config.put(role, text), () -> config.remove(role)));
        ArrayNode further = JSON.createArrayNode();
        files.special().further().forEach(token -> further.add(SpecialTokens.content(token)));
        config.set(SpecialTokens.ADDITIONAL, further);
        if (config.path(SpecialTokens.EXTRA).isArray() || further.isEmpty()) {
            config.remove(SpecialTokens.EXTRA); // transformers 4 cannot read a list
        }
        ObjectNode decoder = config.putObject(SpecialTokens.DECODER);
        for (JsonNode token : files.tokenizer().path("added_tokens")) {
            ObjectNode listed = token.deepCopy();
            decoder.set(listed.remove("id").asText(), listed);
        }
        if (files.kind() != TokenizerClass.FILE) {
            defaultsOfClass(config);
        }
        prefix(config);
        config.remove(List.of("legacy", "backend", "is_local", "local_files_only"));
        return config.put("tokenizer_class", TokenizerClass.FILE.className());
    }

    private void defaultsOfClass(ObjectNode config) {
        if (!config.has("padding_side")) {
            config.put("padding_side", files.kind().paddingSide());
        }
        if (!config.has("model_input_names")) {
            ArrayNode names = config.putArray("model_input_names");
            files.kind().inputNames().forEach(names::add);
        }
        if (files.kind().addsByConfig()) { // for programs other than transformers
            PostProcessor.of(files.tokenizer().path("post_processor")).ifPresent(added -> config.put(
                            "add_bos_token", !added.before().isEmpty())
                    .put("add_eos_token", !added.after().isEmpty()));
        }
    }

    private void prefix(ObjectNode config) {
        JsonNode words = files.tokenizer().path("pre_tokenizer");
        JsonNode bytes = words;
        for (JsonNode part : words.path("pretokenizers")) {
            bytes = part.path("type").asText().equals("ByteLevel") ? part : bytes;
        }
        config.remove("add_prefix_space");
        if (bytes.path("type").asText().equals("ByteLevel")) {
            config.put("add_prefix_space", bytes.path("add_prefix_space").asBoolean());
        }
    }
}
