package dev.temper.text;

/**
 * The tokens of one text.
 *
 * @param starts where a token's characters begin in the text, as index into the Java string; 0 for a special token
 * @param ends the index after its last character. A character cut into several tokens (byte-level BPE) belongs to each
 * @param special whether the tokenizer's post-processor put the token there, so that it covers no characters
 */
@SuppressWarnings("ArrayRecordComponent") // one per row, read once; never compared
public record Encoding(int[] ids, int[] starts, int[] ends, boolean[] special) {
    public int length() {
        return ids.length;
    }
}
