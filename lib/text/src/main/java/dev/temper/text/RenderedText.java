package dev.temper.text;

import java.util.List;

/**
 * The text of one row before tokenization.
 *
 * @param trained the parts that are learned, in order
 * @param isShortened whether the template left out a part of an answer, such as its reasoning
 * @param pair another text in the same row; null: none
 */
public record RenderedText(String text, List<Span> trained, boolean isShortened, String pair) {
    /** Characters from {@code start} up to, not including, {@code end}; indexes into the Java string. */
    public record Span(int start, int end) {}

    public RenderedText {
        trained = List.copyOf(trained);
    }

    /** A text from which nothing was left out. */
    public RenderedText(String text, List<Span> trained) {
        this(text, trained, false);
    }

    /** One text. */
    RenderedText(String text, List<Span> trained, boolean isShortened) {
        this(text, trained, isShortened, null);
    }

    /** Two texts, of which no token is learned. */
    public static RenderedText ofPair(String text, String pair) {
        return new RenderedText(text, List.of(), false, pair);
    }

    /** Characters of all of it. */
    public int length() {
        return text.length() + (pair == null ? 0 : pair.length());
    }
}
