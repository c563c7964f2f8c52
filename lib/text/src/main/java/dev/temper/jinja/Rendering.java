package dev.temper.jinja;

import java.util.List;

/**
 * A rendered text with the spans of its {@code {% generation %}} blocks.
 *
 * @param generation in the order in which the blocks end; a span may be empty
 */
public record Rendering(String text, List<Span> generation) {
    public Rendering {
        generation = List.copyOf(generation);
    }
}
