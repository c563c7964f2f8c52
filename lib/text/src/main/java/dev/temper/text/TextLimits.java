package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Checks whether a tokenizer's native code can process a text: it aborts the process if a pattern needs too many steps.
 */
final class TextLimits {
    private static final List<String> PARTS = List.of("normalizer", "pre_tokenizer", "decoder");

    private final SplitPattern.Limit limit;

    private TextLimits(SplitPattern.Limit limit) {
        this.limit = limit;
    }

    /** @throws dev.temper.check.InvalidInputException when the work of a pattern may be unbounded */
    static TextLimits of(JsonNode tokenizer, String place) {
        SplitPattern.Limit limit = SplitPattern.Limit.NONE;
        for (String part : PARTS) {
            for (JsonNode expression : tokenizer.path(part).findValues("Regex")) {
                limit = limit.and(SplitPattern.limit(expression.asText(), place));
            }
        }
        return new TextLimits(limit);
    }

    /** Why a text cannot be tokenized, in words; empty for almost every text. */
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
