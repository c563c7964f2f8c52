package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NO_TRAINED_TOKENS;

import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText.Span;
import java.util.Arrays;
import java.util.List;

/**
 * Turns the text of a row into tokens and labels.
 *
 * <p>The tokenizer's own post-processor runs, then the end token follows unless the text already ends with it. A token
 * is learned when its last character lies in a trained part: a token across the border of prompt and completion belongs
 * to the completion, whose first characters it says. What covers no characters (end token, special tokens) goes with
 * the token before it.
 *
 * @param maxLength tokens at most
 */
public record RowTokenizer(Tokenizer tokenizer, int maxLength, TooLong tooLong) {
    public static RowTokenizer of(Tokenizer tokenizer, DataConfig data) {
        return new RowTokenizer(tokenizer, data.maxLength(), data.tooLong());
    }

    /**
     * @throws RejectedRowException when nothing is left to learn, or when it is too long and such rows are dropped
     * @throws dev.temper.check.InvalidInputException when it is too long and such rows are an error
     */
    public TokenRow tokens(RenderedText row) {
        Encoding encoding = tokenizer.encode(row.text());
        if (encoding.length() == 0) {
            throw new RejectedRowException(EMPTY, "no token in its text");
        }
        boolean endMissing = endMissing(row.text(), encoding);
        int length = encoding.length() + (endMissing ? 1 : 0);
        int[] ids = Arrays.copyOf(encoding.ids(), length);
        boolean[] trained = Arrays.copyOf(trained(encoding, row.trained()), length);
        if (endMissing) {
            ids[length - 1] = tokenizer.endToken().getAsInt();
            trained[length - 1] = trained[length - 2];
        }
        trained[0] = false;
        TokenRow tokens = length > maxLength ? shortened(ids, trained) : new TokenRow(ids, trained);
        if (tokens.trainedTokens() == 0) {
            throw new RejectedRowException(
                    NO_TRAINED_TOKENS, "%d tokens, none of the first %d is learned".formatted(length, tokens.length()));
        }
        return tokens;
    }

    private TokenRow shortened(int[] ids, boolean[] trained) {
        check(
                tooLong != TooLong.FAIL,
                "a row has %d tokens, more than data.max_length %d: raise it, or set data.too_long to truncate or drop",
                ids.length,
                maxLength);
        if (tooLong == TooLong.DROP) {
            throw new RejectedRowException(Reason.TOO_LONG, "%d tokens, at most %d".formatted(ids.length, maxLength));
        }
        return new TokenRow(Arrays.copyOf(ids, maxLength), Arrays.copyOf(trained, maxLength));
    }

    private boolean endMissing(String text, Encoding encoding) {
        return tokenizer.endToken().isPresent()
                && encoding.ids()[encoding.length() - 1] != tokenizer.endToken().getAsInt()
                && !text.endsWith(tokenizer.endText().orElseThrow());
    }

    private static boolean[] trained(Encoding encoding, List<Span> spans) {
        boolean[] trained = new boolean[encoding.length()];
        for (int i = 0; i < trained.length; i++) {
            int end = encoding.ends()[i];
            trained[i] = encoding.special()[i]
                    ? i > 0 && trained[i - 1]
                    : spans.stream().anyMatch(span -> span.start() < end && end <= span.end());
        }
        return trained;
    }
}
