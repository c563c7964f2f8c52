package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RenderedText.Span;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Turns the columns of a row into its text, and says which part of it is learned.
 *
 * <p>{@code text}: the columns joined by the separator, all learned. {@code prompt_completion}: the prompt and right
 * after it the completion; the completion is learned, or all of it with {@code train_on: all}.
 */
public final class RowFormat implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String TEXT = "text";
    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";

    private final Format format;
    private final List<List<String>> roles; // the columns of text, or of prompt and of completion
    private final String separator;
    private final TrainOn trainOn;

    /** @param columns by role: {@code text}, or {@code prompt} and {@code completion}; a role left out is its name */
    public RowFormat(Format format, Map<String, List<String>> columns, String separator, TrainOn trainOn) {
        List<String> names = format == Format.TEXT ? List.of(TEXT) : List.of(PROMPT, COMPLETION);
        for (String role : columns.keySet()) {
            check(
                    names.contains(role),
                    "data.columns: format %s has no %s%s; it has %s",
                    format.name().toLowerCase(Locale.ROOT),
                    role,
                    nearest(role, names).map(name -> " (" + name + "?)").orElse(""),
                    String.join(", ", names));
        }
        this.format = format;
        this.separator = separator;
        this.trainOn = trainOn;
        this.roles = names.stream()
                .map(role -> List.copyOf(columns.getOrDefault(role, List.of(role))))
                .toList();
        check(
                roles.stream().noneMatch(List::isEmpty),
                "data.columns must name at least one column for each of %s",
                names);
    }

    public static RowFormat of(DataConfig data) {
        return new RowFormat(data.format(), data.columns(), data.separator(), data.trainOn());
    }

    /** The columns it reads, each once, in the order in which {@link #render} first needs them. */
    public List<String> columns() {
        return roles.stream().flatMap(List::stream).distinct().toList();
    }

    /**
     * @param values by column, {@code null} included
     * @throws RejectedRowException when a value is null or no text, or when nothing is left to learn
     */
    public RenderedText render(Map<String, ?> values) {
        List<String> parts =
                roles.stream().map(columns -> join(columns, values)).toList();
        String learned = parts.get(parts.size() - 1);
        if (learned.isBlank()) {
            throw new RejectedRowException(EMPTY, "nothing in " + String.join(", ", roles.get(roles.size() - 1)));
        }
        String text = String.join("", parts);
        boolean all = format == Format.TEXT || trainOn == TrainOn.ALL;
        return new RenderedText(text, List.of(new Span(all ? 0 : text.length() - learned.length(), text.length())));
    }

    private String join(List<String> columns, Map<String, ?> values) {
        List<String> parts = new ArrayList<>();
        for (String column : columns) {
            Object value = values.get(column);
            if (value == null) {
                throw new RejectedRowException(NULL_VALUE, "null in " + column);
            }
            if (!(value instanceof String part)) {
                throw new RejectedRowException(
                        WRONG_TYPE,
                        column + " holds no text but " + value.getClass().getSimpleName());
            }
            parts.add(part);
        }
        return String.join(separator, parts);
    }
}
