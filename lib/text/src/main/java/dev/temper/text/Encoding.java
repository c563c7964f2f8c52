package dev.temper.text;

/**
 * The tokens of one text.
 *
 * @param starts index in the Java string at which a token's characters begin; 0 for a special token
 * @param ends index after its last character. A character that is split into several tokens (byte-level BPE) belongs to
 *     each of them
 * @param special whether the token was added by the tokenizer's post-processor and covers no characters
 */
@SuppressWarnings("ArrayRecordComponent") // created per row, read once, never compared
public record Encoding(int[] ids, int[] starts, int[] ends, boolean[] special) {
    public int length() {
        return ids.length;
    }
}
