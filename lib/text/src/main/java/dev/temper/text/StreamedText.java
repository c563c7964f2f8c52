package dev.temper.text;

import java.util.Arrays;

/**
 * Decodes tokens that arrive one by one. Text is returned as soon as no later token can change it, and never splits a
 * character. All pieces together equal {@link Tokenizer#continuation} of all tokens.
 *
 * <p>Each piece is what a token adds to the text of the preceding ones, as decoders treat the first token of a text
 * differently. Only the tokens since the last returned piece, and that piece's own tokens, are decoded again, so the
 * time per token does not grow with the text.
 */
public final class StreamedText {
    private static final char REPLACEMENT = '\ufffd'; // at the end of a text that stops inside a character

    private final Tokenizer tokenizer;
    private int[] tokens; // of the last returned piece, and those after it
    private int given; // number of tokens of the last returned piece
    private boolean endsInBytes;

    /** @param prompt token ids before the generated text */
    public StreamedText(Tokenizer tokenizer, int[] prompt) {
        this.tokenizer = tokenizer;
        this.tokens = prompt.clone();
        this.given = prompt.length;
    }

    /** The text that is final with this token and was not before; often empty. */
    public String add(int token) {
        tokens = Arrays.copyOf(tokens, tokens.length + 1);
        tokens[tokens.length - 1] = token;
        // A special token between byte tokens is removed before the bytes are joined.
        endsInBytes = tokenizer.isByte(token)
                || (endsInBytes && tokenizer.decode(new int[] {token}).isEmpty());
        if (endsInBytes) {
            return "";
        }
        String piece = undecided();
        if (piece.isEmpty() || piece.charAt(piece.length() - 1) == REPLACEMENT) {
            return "";
        }
        tokens = Arrays.copyOfRange(tokens, given, tokens.length);
        given = tokens.length;
        return piece;
    }

    /** The text that was held back, after the last token. */
    public String end() {
        return undecided();
    }

    private String undecided() {
        return tokenizer.continuation(Arrays.copyOf(tokens, given), Arrays.copyOfRange(tokens, given, tokens.length));
    }
}
