package dev.temper.text;

import java.util.List;

/**
 * The text of one row before it is tokenized.
 *
 * @param trained the parts that are learned, in order
 * @param isShortened whether the template left out a part of an answer, such as its reasoning
 */
public record RenderedText(String text, List<Span> trained, boolean isShortened) {
    /** Characters from {@code start} up to, not including, {@code end}; indexes into the Java string. */
    public record Span(int start, int end) {}

    public RenderedText {
        trained = List.copyOf(trained);
    }

    /** Nothing is left out. */
    public RenderedText(String text, List<Span> trained) {
        this(text, trained, false);
    }
}
