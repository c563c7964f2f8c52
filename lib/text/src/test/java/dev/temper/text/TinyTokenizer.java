package dev.temper.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes a byte-level BPE tokenizer: 256 bytes, the merges {@code ab} and {@code abc}, {@code <s>} in front of every
 * text, {@code </s>} to end it.
 */
public final class TinyTokenizer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> PLAIN_BYTES = List.of("!~", "\u00a1\u00ac", "\u00ae\u00ff");
    private static final List<String> MERGES = List.of("a b", "ab c");
    public static final int BEGIN = 258;
    public static final int END = 259;

    private TinyTokenizer() {}

    public static Path write(Path folder, String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), JSON.writeValueAsString(tokenizer()));
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return folder;
    }

    public static Path write(Path folder) throws IOException {
        String config = "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"pad_token\": null}";
        return write(folder, config);
    }

    /** The same, but nothing is added to a text. */
    public static Path writeBare(Path folder) throws IOException {
        ObjectNode tokenizer = tokenizer();
        tokenizer.putNull("post_processor");
        write(folder);
        Files.writeString(folder.resolve("tokenizer.json"), JSON.writeValueAsString(tokenizer));
        return folder;
    }

    /** The same, but {@code <s>} and {@code </s>} stand around every text, as classifiers have them. */
    public static Path writeClosing(Path folder) throws IOException {
        ObjectNode tokenizer = tokenizer();
        ObjectNode processor = (ObjectNode) tokenizer.get("post_processor");
        ((ArrayNode) processor.get("single"))
                .addObject()
                .putObject("SpecialToken")
                .put("id", "</s>")
                .put("type_id", 0);
        specialToken(processor, "</s>", END);
        write(folder);
        Files.writeString(folder.resolve("tokenizer.json"), JSON.writeValueAsString(tokenizer));
        return folder;
    }

    /** The same, but texts are first split by an expression. */
    public static Path writeSplitting(Path folder, String expression) throws IOException {
        ObjectNode tokenizer = tokenizer();
        ObjectNode sequence = tokenizer.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode parts = sequence.putArray("pretokenizers");
        ObjectNode split = parts.addObject()
                .put("type", "Split")
                .put("behavior", "Isolated")
                .put("invert", false);
        split.putObject("pattern").put("Regex", expression);
        parts.add(byteLevel());
        write(folder);
        Files.writeString(folder.resolve("tokenizer.json"), JSON.writeValueAsString(tokenizer));
        return folder;
    }

    /** Gives a tokenizer more tokens, the first with the id 260. */
    public static Path add(Path folder, String... tokens) throws IOException {
        AddedTokens added = new AddedTokens(Stream.of(tokens).map(NewToken::of).toList());
        for (Map.Entry<String, String> file :
                added.changes(Folder.local(folder)).entrySet()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue());
        }
        return folder;
    }

    private static void specialToken(ObjectNode processor, String content, int id) {
        ObjectNode token = ((ObjectNode) processor.get("special_tokens"))
                .putObject(content)
                .put("id", content);
        token.putArray("ids").add(id);
        token.putArray("tokens").add(content);
    }

    private static ObjectNode tokenizer() {
        ObjectNode tokenizer = JSON.createObjectNode();
        tokenizer.put("version", "1.0");
        tokenizer
                .putObject("truncation")
                .put("max_length", 4)
                .put("stride", 0)
                .put("strategy", "LongestFirst")
                .put("direction", "Right");
        tokenizer
                .putObject("padding")
                .put("direction", "Right")
                .put("pad_id", 0)
                .put("pad_type_id", 0)
                .put("pad_token", "x")
                .putObject("strategy")
                .put("Fixed", 7);
        ArrayNode added = tokenizer.putArray("added_tokens");
        addToken(added, BEGIN, "<s>");
        addToken(added, END, "</s>");
        tokenizer.set("pre_tokenizer", byteLevel());
        tokenizer.set("decoder", byteLevel());
        ObjectNode processor = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        processor
                .putArray("pair")
                .addAll(single.deepCopy())
                .addObject()
                .putObject("Sequence")
                .put("id", "B")
                .put("type_id", 1);
        processor.putObject("special_tokens");
        specialToken(processor, "<s>", BEGIN);
        ObjectNode model = tokenizer.putObject("model").put("type", "BPE");
        ObjectNode vocabulary = model.putObject("vocab");
        for (int i = 0; i < 256; i++) {
            vocabulary.put(Character.toString(characterOfByte(i)), i);
        }
        ArrayNode mergeNodes = model.putArray("merges");
        for (String merge : MERGES) {
            vocabulary.put(merge.replace(" ", ""), vocabulary.size());
            mergeNodes.add(merge);
        }
        return tokenizer;
    }

    private static void addToken(ArrayNode added, int id, String content) {
        added.addObject()
                .put("id", id)
                .put("content", content)
                .put("special", true)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false);
    }

    private static ObjectNode byteLevel() {
        return JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", false)
                .put("use_regex", false);
    }

    // GPT-2's alphabet: bytes that cannot be shown are moved above 255.
    private static int characterOfByte(int value) {
        int hidden = 0;
        for (int i = 0; i <= value; i++) {
            int at = i;
            boolean isShown = PLAIN_BYTES.stream().anyMatch(r -> r.charAt(0) <= at && at <= r.charAt(1));
            if (i == value) {
                return isShown ? value : 256 + hidden;
            }
            hidden += isShown ? 0 : 1;
        }
        throw new IllegalArgumentException("no byte: " + value);
    }
}
