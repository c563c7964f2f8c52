package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Which texts a tokenizer's native code can take: it ends the process where a pattern has too much to do in one text.
 */
final class TextLimits {
    private static final List<String> PARTS = List.of("normalizer", "pre_tokenizer", "decoder");

    private final SplitPattern.Limit limit;

    private TextLimits(SplitPattern.Limit limit) {
        this.limit = limit;
    }

    /** @throws dev.temper.check.InvalidInputException when a pattern may be endless work */
    static TextLimits of(JsonNode tokenizer, String place) {
        SplitPattern.Limit limit = SplitPattern.Limit.NONE;
        for (String part : PARTS) {
            for (JsonNode expression : tokenizer.path(part).findValues("Regex")) {
                limit = limit.and(SplitPattern.limit(expression.asText(), place));
            }
        }
        return new TextLimits(limit);
    }

    /** Why a text cannot be tokenized, in words; empty for nearly all. */
    Optional<String> refusal(String text) {
        if (text.length() <= limit.maxRun()) {
            return Optional.empty();
        }
        if (limit.isAnyText()) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "%,d characters, and the patterns of its tokenizer take %,d at most",
                    text.length(),
                    limit.maxRun()));
        }
        int run = SplitPattern.longestRun(text);
        return run <= limit.maxRun()
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%,d blanks, letters, digits or signs on end, and the patterns of its tokenizer take %,d at"
                                + " most",
                        run,
                        limit.maxRun()));
    }
}
