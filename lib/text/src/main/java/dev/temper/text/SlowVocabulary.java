package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Converts the files of transformers' Python ("slow") tokenizers to a tokenizer.json: vocab.json with merges.txt,
 * vocab.txt, or a SentencePiece model.
 */
final class SlowVocabulary {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern LINE_END = Pattern.compile("\r\n|\r|\n");

    private SlowVocabulary() {}

    /** The vocabulary and the added tokens; empty if the folder has no file that the class reads. */
    static Optional<ObjectNode> read(Folder folder, TokenizerClass kind) {
        Optional<ObjectNode> model =
                switch (kind) {
                    case GPT2, QWEN2, ROBERTA -> TokenizerJson.tree(folder, "vocab.json")
                            .flatMap(vocabulary -> TokenizerJson.text(folder, "merges.txt")
                                    .map(merges -> bytePairs(vocabulary, merges)));
                    case BERT, DISTILBERT -> TokenizerJson.text(folder, "vocab.txt")
                            .map(SlowVocabulary::wordPieces);
                    case LLAMA, CODE_LLAMA, GEMMA -> SentencePieces.read(folder, "tokenizer.model")
                            .map(pieces -> pieces.model(kind));
                    case FILE -> Optional.empty();
                };
        return model.map(read -> {
            ObjectNode tokenizer = JSON.createObjectNode().put("version", "1.0");
            tokenizer.set(
                    "added_tokens", read.has("added_tokens") ? read.remove("added_tokens") : JSON.createArrayNode());
            tokenizer.set("model", read);
            return tokenizer;
        });
    }

    /** Adds the class's normalizer, pre-tokenizer, decoder and post-processor. */
    static void complete(ObjectNode tokenizer, TokenizerKeys keys, Function<String, OptionalInt> ids) {
        Pipeline pipeline = Pipeline.slow(keys.kind(), keys.config());
        tokenizer.set("normalizer", pipeline.normalizer());
        tokenizer.set("pre_tokenizer", pipeline.preTokenizer());
        tokenizer.set("decoder", pipeline.decoder());
        PostProcessor added =
                switch (keys.kind()) {
                    case BERT, DISTILBERT, ROBERTA -> new PostProcessor(
                            token(keys, "cls_token"), token(keys, "sep_token"));
                    default -> keys.byConfig();
                };
        tokenizer.set("post_processor", added.toJson(token -> ids.apply(token).orElseThrow()));
        if (keys.kind().addsByConfig()) { // matched before spaces become pieces, whatever the file says
            String unknown = keys.special().text("unk_token").orElse("");
            for (JsonNode token : tokenizer.path("added_tokens")) {
                if (token.path("special").asBoolean()
                        && !token.path("content").asText().equals(unknown)) {
                    ((ObjectNode) token).put("normalized", false);
                }
            }
        }
        keys.special()
                .text("unk_token")
                .filter(unknown -> keys.kind().normalizesByConfig())
                .ifPresent(unknown -> ((ObjectNode) tokenizer.get("model")).put("unk_token", unknown));
    }

    private static List<String> token(TokenizerKeys keys, String role) {
        return keys.special().text(role).stream().toList();
    }

    private static ObjectNode bytePairs(ObjectNode vocabulary, String merges) {
        ObjectNode model = JSON.createObjectNode().put("type", "BPE");
        model.putNull("dropout").putNull("unk_token");
        model.put("continuing_subword_prefix", "").put("end_of_word_suffix", "");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        model.set("vocab", vocabulary);
        ArrayNode pairs = model.putArray("merges");
        for (String line : LINE_END.split(merges)) {
            boolean isHeader = pairs.isEmpty() && line.startsWith("#version");
            if (!isHeader && !line.isBlank()) {
                pairs.add(line.strip());
            }
        }
        return model;
    }

    private static ObjectNode wordPieces(String lines) {
        ObjectNode model = JSON.createObjectNode().put("type", "WordPiece").put("unk_token", "[UNK]");
        model.put("continuing_subword_prefix", "##").put("max_input_chars_per_word", 100);
        ObjectNode vocabulary = model.putObject("vocab");
        String[] tokens = LINE_END.split(lines);
        for (int id = 0; id < tokens.length; id++) {
            vocabulary.put(tokens[id], id);
        }
        return model;
    }
}
