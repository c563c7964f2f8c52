package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NO_TRAINED_TOKENS;
import static dev.temper.text.RejectedRowException.Reason.TOO_LONG;
import static dev.temper.text.RejectedRowException.Reason.TOO_MANY_CHARACTERS;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_TOKEN;

import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RenderedText.Span;
import dev.temper.text.Tokenizer.Added;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Tokenizes rendered rows and computes their labels.
 *
 * <p>A chat has all its special tokens in its text. A plain text gets those of the tokenizer's post-processor, and the
 * end token unless the text already ends with it. A text with a class gets those of the post-processor, and keeps the
 * closing ones when it is cut; no token of it is learned. Of two such texts the longer one is cut first, as in
 * transformers.
 *
 * <p>A token counts in the loss if it covers a character of a trained span, even if it crosses the span's border. A
 * special token that absorbed whitespace after it ({@code rstrip}) does not count for that whitespace. A token that
 * covers no characters (end token, special tokens) is treated as the token before it.
 */
public final class RowTokenizer {
    private final Tokenizer tokenizer;
    private final TextKind kind;
    private final int maxLength;
    private final TooLong tooLong;
    private final int vocabulary;
    private final int closing; // number of tokens that the post-processor appends to a text

    /** @param maxLength maximum number of tokens of a row */
    public RowTokenizer(Tokenizer tokenizer, TextKind kind, int maxLength, TooLong tooLong) {
        this(tokenizer, kind, maxLength, tooLong, Integer.MAX_VALUE);
    }

    /**
     * @param maxLength maximum number of tokens of a row
     * @param vocabulary number of rows of the model's embedding; a row with a token id beyond them is rejected
     */
    public RowTokenizer(Tokenizer tokenizer, TextKind kind, int maxLength, TooLong tooLong, int vocabulary) {
        this.vocabulary = vocabulary;
        this.tokenizer = tokenizer;
        this.kind = kind;
        this.maxLength = maxLength;
        this.tooLong = tooLong;
        boolean[] special = tokenizer.encode("a").special();
        int last = special.length;
        while (last > 0 && special[last - 1]) {
            last--;
        }
        this.closing = special.length - last;
        boolean isPair = kind == TextKind.PAIR;
        int added = isPair ? tokenizer.encodePair("a", "a").added() : special.length - 1;
        check(
                !kind.isClassified() || added + (isPair ? 2 : 1) <= maxLength,
                "data.max_length %d leaves no room for %s: the tokenizer adds %d tokens to each",
                maxLength,
                isPair ? "two texts" : "a text",
                added);
    }

    /**
     * The result for a row.
     *
     * @param tokens null if it is rejected
     * @param rejection null if it is not
     * @param fullLength number of tokens before truncation; 0 if it was not tokenized
     */
    public record Result(TokenRow tokens, RejectedRowException rejection, int fullLength) {}

    /**
     * Tokenizes one row.
     *
     * @throws RejectedRowException when no token is left that counts in the loss, or the row is too long and such rows
     *     are dropped
     * @throws dev.temper.check.InvalidInputException when it is too long and such rows are an error
     */
    public TokenRow tokens(RenderedText row) {
        Result result = tokens(List.of(row)).get(0);
        if (result.rejection() != null) {
            throw result.rejection();
        }
        return result.tokens();
    }

    /**
     * Tokenizes rows in their order, in at most two native calls.
     *
     * @throws dev.temper.check.InvalidInputException when one is too long and such rows are an error
     */
    public List<Result> tokens(List<RenderedText> rows) {
        boolean areTaken = rows.stream().allMatch(row -> refusal(row).isEmpty());
        if (areTaken) {
            return kind == TextKind.PAIR ? rows.stream().map(this::pair).toList() : taken(rows);
        }
        List<Result> results = new ArrayList<>();
        for (RenderedText row : rows) {
            Optional<String> refusal = refusal(row);
            results.add(
                    refusal.isEmpty()
                            ? tokens(List.of(row)).get(0)
                            : new Result(null, new RejectedRowException(TOO_MANY_CHARACTERS, refusal.get()), 0));
        }
        return results;
    }

    private Optional<String> refusal(RenderedText row) {
        return tokenizer.refusal(row.text()).or(() -> Optional.ofNullable(row.pair())
                .flatMap(tokenizer::refusal));
    }

    private Result pair(RenderedText row) {
        PairEncoding pair = tokenizer.encodePair(row.text(), row.pair());
        try {
            checkLength(pair.length());
            PairEncoding kept = pair.length() > maxLength ? pair.cut(maxLength) : pair;
            checkKnown(kept.ids());
            return new Result(new TokenRow(kept.ids(), new boolean[kept.length()], kept.second()), null, pair.length());
        } catch (RejectedRowException e) {
            return new Result(null, e, pair.length());
        }
    }

    private List<Result> taken(List<RenderedText> rows) {
        Added added = kind == TextKind.CHAT ? Added.NOTHING : Added.SPECIAL_TOKENS;
        List<String> uniform = new ArrayList<>(); // all or no characters are trained, so offsets are not needed
        List<String> mixed = new ArrayList<>();
        for (RenderedText row : rows) {
            (isUniform(row) ? uniform : mixed).add(row.text());
        }
        List<int[]> ids = uniform.isEmpty() ? List.of() : tokenizer.ids(uniform, added);
        List<Encoding> encodings = mixed.isEmpty() ? List.of() : tokenizer.encode(mixed, added);
        List<Result> results = new ArrayList<>(rows.size());
        int nextEncoding = 0;
        for (RenderedText row : rows) {
            if (isUniform(row)) {
                int[] all = ids.get(results.size() - nextEncoding);
                boolean[] trained = new boolean[all.length];
                Arrays.fill(trained, !kind.isClassified());
                results.add(result(row.text(), all, trained));
            } else {
                Encoding encoding = encodings.get(nextEncoding++);
                results.add(result(row.text(), encoding.ids(), trained(encoding, row)));
            }
        }
        return results;
    }

    private boolean isUniform(RenderedText row) {
        if (kind.isClassified()) {
            return true;
        }
        return row.trained().size() == 1
                && row.trained().get(0).start() == 0
                && row.trained().get(0).end() == row.text().length();
    }

    private Result result(String text, int[] tokens, boolean[] counts) {
        int length = tokens.length + (endMissing(text, tokens) ? 1 : 0);
        int[] ids = tokens;
        boolean[] trained = counts;
        if (length > tokens.length && tokens.length > 0) {
            ids = Arrays.copyOf(tokens, length);
            trained = Arrays.copyOf(counts, length);
            ids[length - 1] = tokenizer.endToken().getAsInt();
            trained[length - 1] = trained[length - 2];
        }
        try {
            return new Result(row(ids, trained), null, length);
        } catch (RejectedRowException e) {
            return new Result(null, e, length);
        }
    }

    private TokenRow row(int[] ids, boolean[] trained) {
        if (ids.length == 0) {
            throw new RejectedRowException(EMPTY, "no token in its text");
        }
        trained[0] = false;
        TokenRow row = ids.length > maxLength ? shortened(ids, trained) : new TokenRow(ids, trained);
        checkKnown(row.inputIds());
        if (!kind.isClassified() && row.trainedTokens() == 0) {
            throw new RejectedRowException(
                    NO_TRAINED_TOKENS,
                    "%d tokens, none of the first %d is learned".formatted(ids.length, row.length()));
        }
        return row;
    }

    private void checkKnown(int[] ids) {
        OptionalInt unknown = tokenizer.unknown(ids, vocabulary);
        if (unknown.isPresent()) {
            throw new RejectedRowException(UNKNOWN_TOKEN, tokenizer.unknownReason(unknown.getAsInt(), vocabulary));
        }
    }

    private void checkLength(int length) {
        check(
                length <= maxLength || tooLong != TooLong.FAIL,
                "a row has %d tokens, more than data.max_length %d: raise it, or set data.too_long to truncate or drop",
                length,
                maxLength);
        if (length > maxLength && tooLong == TooLong.DROP) {
            throw new RejectedRowException(TOO_LONG, "%d tokens, at most %d".formatted(length, maxLength));
        }
    }

    private TokenRow shortened(int[] ids, boolean[] trained) {
        checkLength(ids.length);
        int[] kept = Arrays.copyOf(ids, maxLength);
        if (kind.isClassified()) {
            System.arraycopy(ids, ids.length - closing, kept, maxLength - closing, closing);
        }
        return new TokenRow(kept, Arrays.copyOf(trained, maxLength));
    }

    private boolean endMissing(String text, int[] ids) {
        return kind == TextKind.PLAIN
                && ids.length > 0
                && tokenizer.endToken().isPresent()
                && ids[ids.length - 1] != tokenizer.endToken().getAsInt()
                && !text.endsWith(tokenizer.endText().orElseThrow());
    }

    /** Tokens and spans are both in the order of the text. */
    private boolean[] trained(Encoding encoding, RenderedText row) {
        List<Span> spans = row.trained();
        boolean[] trained = new boolean[encoding.length()];
        int next = 0;
        for (int i = 0; i < trained.length; i++) {
            if (encoding.special()[i]) {
                trained[i] = i > 0 && trained[i - 1];
                continue;
            }
            int start = encoding.starts()[i];
            int end = encoding.ends()[i];
            while (next < spans.size() && spans.get(next).end() <= start) {
                next++;
            }
            int border = next < spans.size() ? spans.get(next).start() : Integer.MAX_VALUE;
            trained[i] = border < end && (border <= start || !endsBefore(border, row.text(), start, encoding.ids()[i]));
        }
        return trained;
    }

    /**
     * Whether the text that a token stands for ends before a border, although its offsets extend beyond it: a token
     * with {@code rstrip}, such as Phi-3's {@code <|assistant|>}, absorbs the newlines at the beginning of an answer.
     */
    private boolean endsBefore(int border, String text, int start, int token) {
        String own = tokenizer.text(token).stripLeading(); // trailing whitespace of its content is its own
        int from = start;
        while (from < border && Character.isWhitespace(text.charAt(from))) {
            from++; // a token with lstrip absorbs the whitespace before it
        }
        return !own.isEmpty() && text.startsWith(own, from) && from + own.length() <= border;
    }
}
