package dev.temper.jinja;

/**
 * Limits for one template. When one is exceeded, parsing or rendering fails with {@link TemplateException.Kind#LIMIT}.
 *
 * @param steps statements, operations and copied list elements per rendering; 20 million take about a second
 * @param depth of nested tags, brackets, macro calls and containers
 * @param outputChars length of the rendered text and of any intermediate string; all strings together may have 16 times
 *     as many, which bounds the memory
 */
public record Limits(long steps, int depth, int outputChars) {
    public Limits {
        if (steps < 1 || depth < 1 || outputChars < 1) {
            throw new IllegalArgumentException("limits must be positive, got %d steps, depth %d, %d characters"
                    .formatted(steps, depth, outputChars));
        }
    }

    /** Far more than real templates need for a conversation of a few million characters. */
    public static Limits defaults() {
        return new Limits(20_000_000, 200, 8_000_000);
    }
}
