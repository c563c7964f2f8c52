package dev.temper.text;

import java.util.Arrays;

/**
 * The text of tokens that come one after the other, given out as soon as no later token can change it: never half a
 * character. All pieces together are {@link Tokenizer#continuation} of all tokens.
 *
 * <p>Each piece is what a token adds to the text of the tokens before it, because decoders treat the first token of a
 * text differently. Only the tokens of the last piece, at first of the prompt, and those since are decoded again, so a
 * long text takes no longer per token than a short one.
 */
public final class StreamedText {
    private static final char REPLACEMENT = '\ufffd'; // ends a text that stops inside a character

    private final Tokenizer tokenizer;
    private int[] tokens; // of the last piece, and those that are not decided
    private int given; // so many of them are of the last piece
    private boolean endsInBytes;

    /** @param prompt tokens before the text */
    public StreamedText(Tokenizer tokenizer, int[] prompt) {
        this.tokenizer = tokenizer;
        this.tokens = prompt.clone();
        this.given = prompt.length;
    }

    /** The text that is decided with this token, and was not before; often empty. */
    public String add(int token) {
        tokens = Arrays.copyOf(tokens, tokens.length + 1);
        tokens[tokens.length - 1] = token;
        // A special token between bytes is left out before they are put together.
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

    /** What was held back, when no token follows. */
    public String end() {
        return undecided();
    }

    private String undecided() {
        return tokenizer.continuation(Arrays.copyOf(tokens, given), Arrays.copyOfRange(tokens, given, tokens.length));
    }
}
