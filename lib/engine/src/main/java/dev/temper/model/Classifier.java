package dev.temper.model;

import java.util.List;
import java.util.OptionalInt;

/**
 * The head of a model that classifies texts: which token it looks at, and what belongs to it.
 *
 * @param modules names of what transformers adds to the base for it, such as {@code score}; a base has none of them,
 *     and PEFT saves them beside an adapter
 * @param place the token whose hidden state is classified
 * @param padToken a token at the end of a text that does not count for {@link Place#LAST}
 */
public record Classifier(ModelTask task, List<String> modules, Place place, OptionalInt padToken) {
    /** The token of a text that is classified. */
    public enum Place {
        FIRST,
        LAST
    }

    public Classifier {
        modules = List.copyOf(modules);
    }

    /** Whether padding at the end of a text must be known to be skipped. */
    boolean skipsPadding() {
        return place == Place.LAST;
    }

    /** Whether a parameter belongs to the head. */
    public boolean owns(Parameter parameter) {
        return modules.stream()
                .anyMatch(module ->
                        parameter.module().equals(module) || parameter.module().startsWith(module + "."));
    }

    /** Per document of a stream, the position of its token that is classified. */
    int[] positions(TokenStream stream) {
        int[] positions = new int[stream.documents()];
        for (int i = 0; i < positions.length; i++) {
            int start = stream.segments()[i];
            int last = stream.segments()[i + 1] - 1;
            positions[i] = place == Place.FIRST ? start : lastCounting(stream.ids(), start, last);
        }
        return positions;
    }

    /**
     * As in transformers: padding is skipped by its id, even where the text itself ends with it; of nothing but padding
     * the first token counts.
     */
    private int lastCounting(int[] ids, int start, int last) {
        for (int i = last; i >= start && padToken.isPresent(); i--) {
            if (ids[i] != padToken.getAsInt()) {
                return i;
            }
        }
        return padToken.isPresent() ? start : last;
    }
}
