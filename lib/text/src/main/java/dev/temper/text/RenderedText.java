package dev.temper.text;

import java.util.List;

/**
 * The text of one row before tokenization.
 *
 * @param trained spans that count in the loss, in order
 * @param isShortened whether the template left out part of an answer, such as its reasoning
 */
public record RenderedText(String text, List<Span> trained, boolean isShortened) {
    /** Characters {@code [start, end)}; indexes into the Java string. */
    public record Span(int start, int end) {}

    public RenderedText {
        trained = List.copyOf(trained);
    }

    /** A text from which nothing was left out. */
    public RenderedText(String text, List<Span> trained) {
        this(text, trained, false);
    }
}
