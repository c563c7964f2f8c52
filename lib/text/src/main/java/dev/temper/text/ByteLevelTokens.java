package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes of each token of a byte-level vocabulary. If the tokens of a text spell it byte by byte, this gives their
 * offsets; asking the native library for offsets takes as long as encoding, as it creates an object for each.
 */
final class ByteLevelTokens {
    private final byte[] bytes; // of all tokens, concatenated
    private final int[] starts; // by id; a token without bytes has an empty range

    private ByteLevelTokens(byte[] bytes, int[] starts) {
        this.bytes = bytes;
        this.starts = starts;
    }

    /** Empty if the vocabulary is not byte-level. */
    static Optional<ByteLevelTokens> of(JsonNode tokenizer, int size) {
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        if (!tokenizer.path("decoder").toString().contains("\"ByteLevel\"") || !vocabulary.isObject()) {
            return Optional.empty();
        }
        byte[][] tokens = new byte[size][];
        int[] alphabet = alphabet();
        for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
            tokens[token.getValue().asInt()] = bytes(token.getKey(), alphabet);
        }
        for (JsonNode added : tokenizer.path("added_tokens")) {
            tokens[added.path("id").asInt()] = added.path("content").asText().getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream(8 * size);
        int[] starts = new int[size + 1];
        for (int id = 0; id < size; id++) {
            all.writeBytes(tokens[id] == null ? new byte[0] : tokens[id]);
            starts[id + 1] = all.size();
        }
        return Optional.of(new ByteLevelTokens(all.toByteArray(), starts));
    }

    /**
     * Offsets of the tokens; empty if they do not spell the text, because it was normalized or got a prefix space.
     *
     * @param special 1 for tokens that are not part of the text; null: none
     */
    Optional<Encoding> locate(String text, int[] ids, long[] special) {
        byte[] spelled = text.getBytes(StandardCharsets.UTF_8);
        Encoding encoding = new Encoding(ids, new int[ids.length], new int[ids.length], new boolean[ids.length]);
        Position position = new Position(text, spelled.length);
        int from = 0;
        for (int i = 0; i < ids.length; i++) {
            if (special != null && special[i] == 1) {
                encoding.special()[i] = true;
                continue;
            }
            int token = starts[ids[i]];
            int end = starts[ids[i] + 1];
            int to = from + end - token;
            if (token == end || to > spelled.length || !Arrays.equals(bytes, token, end, spelled, from, to)) {
                return Optional.empty();
            }
            encoding.starts()[i] = position.startOfCharacterAt(from);
            encoding.ends()[i] = position.endOfCharacterAt(to - 1);
            from = to;
        }
        return from == spelled.length ? Optional.of(encoding) : Optional.empty();
    }

    /** Converts byte offsets to indexes of the Java string, in one pass. */
    private static final class Position {
        private final String text;
        private final boolean isAscii;
        private int index = 0; // of the character that ends before nextByte
        private int nextIndex = 0;
        private int nextByte = 0;

        Position(String text, int bytes) {
            this.text = text;
            this.isAscii = text.length() == bytes;
        }

        int startOfCharacterAt(int at) {
            if (isAscii) {
                return at;
            }
            advance(at);
            return index;
        }

        int endOfCharacterAt(int at) {
            if (isAscii) {
                return at + 1;
            }
            advance(at);
            return nextIndex;
        }

        private void advance(int at) {
            while (nextByte <= at) {
                int point = text.codePointAt(nextIndex);
                index = nextIndex;
                nextIndex += Character.charCount(point);
                nextByte += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            }
        }
    }

    private static byte[] bytes(String token, int[] alphabet) {
        byte[] result = new byte[token.length()];
        for (int i = 0; i < result.length; i++) {
            char c = token.charAt(i);
            if (c >= alphabet.length || alphabet[c] < 0) {
                return null; // not a byte-level token: texts that contain it are left to the library
            }
            result[i] = (byte) alphabet[c];
        }
        return result;
    }

    // GPT-2's mapping: printable bytes map to themselves, others to code points from 256.
    private static int[] alphabet() {
        int[] byteOf = new int[324];
        Arrays.fill(byteOf, -1);
        int moved = 256;
        for (int value = 0; value < 256; value++) {
            boolean isShown = (value >= '!' && value <= '~') || (value >= 0xa1 && value <= 0xff && value != 0xad);
            byteOf[isShown ? value : moved++] = value;
        }
        return byteOf;
    }
}
