package dev.temper.run.draft;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.Task;
import dev.temper.run.draft.ColumnSurvey.Column;
import dev.temper.text.Format;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The format that the columns of a data set suggest.
 *
 * @param columns of the roles of the format; several are joined
 * @param why what it was told by
 */
record FormatChoice(Format format, Map<String, List<String>> columns, String why) {
    private static final List<String> LABELS =
            List.of("label", "labels", "class", "category", "sentiment", "target", "intent", "topic");
    private static final List<String> TEXTS =
            List.of("text", "sentence", "review", "content", "body", "comment", "tweet", "document", "story");
    private static final List<String> QUESTIONS =
            List.of("prompt", "question", "query", "instruction", "request", "input", "source", "text");
    private static final List<String> ANSWERS =
            List.of("completion", "response", "answer", "output", "target", "reply", "summary", "solution", "result");
    /** Names of what is about a row and not of it. */
    private static final Pattern ABOUT = Pattern.compile("(?i)(.*[_-])?(id|uuid|source|url|date|time|timestamp|split)");

    /** The format whose columns these are. */
    static FormatChoice given(Map<String, List<String>> columns, Task task) {
        Format format = !task.isCausal()
                ? Format.CLASSIFICATION
                : columns.containsKey("messages")
                        ? Format.MESSAGES
                        : columns.containsKey("conversations")
                                ? Format.SHAREGPT
                                : columns.containsKey("instruction")
                                        ? Format.ALPACA
                                        : columns.containsKey("text") ? Format.TEXT : Format.PROMPT_COMPLETION;
        return new FormatChoice(format, columns, "as --columns says");
    }

    /** A column with a few values, and one with texts. */
    static FormatChoice classes(ColumnSurvey survey) {
        Column label = survey.any(LABELS)
                .filter(FormatChoice::isLabel)
                .or(() -> survey.columns().stream()
                        .filter(FormatChoice::isLabel)
                        .filter(column -> column.filled() == survey.rows())
                        .min(Comparator.comparingInt(column -> column.values().size())))
                .orElseThrow(() -> invalid(
                        "no column of the data looks like classes (a few values that repeat): its columns are %s; name"
                                + " them with --columns '{text: …, label: …}'",
                        names(survey)));
        Column text = survey.any(TEXTS)
                .filter(column -> column.isText() && !column.name().equals(label.name()))
                .or(() -> survey.columns().stream()
                        .filter(column -> column.isText() && !column.name().equals(label.name()))
                        .max(Comparator.comparingLong(Column::width)))
                .orElseThrow(() -> invalid("no column of the data holds texts beside %s", label.name()));
        return choice(
                Format.CLASSIFICATION,
                "%s has %d values, and %s holds texts"
                        .formatted(label.name(), label.values().size(), text.name()),
                "text",
                text,
                "label",
                label);
    }

    private static boolean isLabel(Column column) {
        int values = column.values().size();
        return values > 1 && !column.isNested() && values * 2L <= column.filled();
    }

    static FormatChoice texts(ColumnSurvey survey, boolean hasTemplate) {
        return conversation(survey)
                .or(() -> alpaca(survey))
                .or(() -> pair(survey, hasTemplate))
                .orElseGet(() -> byPlace(survey));
    }

    private static Optional<FormatChoice> conversation(ColumnSurvey survey) {
        for (Column column : survey.columns()) {
            JsonNode first = column.nested().path(0);
            boolean isPart = column.name().equals("prompt") || column.name().equals("completion");
            if (first.has("role") && !isPart) {
                return Optional.of(
                        choice(Format.MESSAGES, column.name() + " holds lists of {role, content}", "messages", column));
            }
            if (first.has("from") && !isPart) {
                return Optional.of(choice(
                        Format.SHAREGPT, column.name() + " holds lists of {from, value}", "conversations", column));
            }
        }
        return Optional.empty();
    }

    private static Optional<FormatChoice> alpaca(ColumnSurvey survey) {
        Optional<Column> task = survey.any(List.of("instruction"));
        Optional<Column> answer = survey.any(List.of("output", "response"));
        Optional<Column> input = survey.any(List.of("input", "context"));
        if (task.isEmpty() || answer.isEmpty() || input.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(choice(
                Format.ALPACA,
                "as the columns are called",
                "instruction",
                task.get(),
                "input",
                input.get(),
                "output",
                answer.get()));
    }

    private static Optional<FormatChoice> pair(ColumnSurvey survey, boolean hasTemplate) {
        Optional<Column> prompt = survey.any(QUESTIONS);
        Optional<Column> completion = survey.any(ANSWERS);
        if (prompt.isEmpty() || completion.isEmpty()) {
            return Optional.empty();
        }
        boolean continues = prompt.get().name().equals("text") && !hasTemplate;
        if (continues) {
            List<String> both = List.of(prompt.get().name(), completion.get().name());
            return Optional.of(new FormatChoice(
                    Format.TEXT,
                    Map.of("text", both),
                    "the base has no chat template: both columns are one text, and all of it is learned; to learn"
                            + " %s alone: prompt_completion, with {prompt: %s, completion: %s}"
                                    .formatted(both.get(1), both.get(0), both.get(1))));
        }
        return Optional.of(choice(
                Format.PROMPT_COMPLETION,
                "as the columns are called",
                "prompt",
                prompt.get(),
                "completion",
                completion.get()));
    }

    private static FormatChoice byPlace(ColumnSurvey survey) {
        List<Column> texts = survey.columns().stream()
                .filter(Column::isText)
                .filter(column -> !ABOUT.matcher(column.name()).matches())
                .toList();
        check(
                !texts.isEmpty(),
                "no column of the data holds texts or conversations: its columns are %s; name them with --columns",
                names(survey));
        if (texts.size() == 1) {
            return choice(Format.TEXT, "it is the only column with texts", "text", texts.get(0));
        }
        Optional<Column> text = survey.any(TEXTS).filter(column -> column.name().equalsIgnoreCase("text"));
        if (text.isPresent()) {
            return choice(Format.TEXT, "as the column is called", "text", text.get());
        }
        Column last = texts.get(texts.size() - 1);
        return choice(
                Format.PROMPT_COMPLETION,
                "the first and the last column with texts; the columns are " + names(survey),
                "prompt",
                texts.get(0),
                "completion",
                last);
    }

    private static String names(ColumnSurvey survey) {
        return survey.columns().stream().map(Column::name).collect(Collectors.joining(", "));
    }

    private static FormatChoice choice(Format format, String why, Object... rolesAndColumns) {
        Map<String, List<String>> columns = new LinkedHashMap<>();
        for (int i = 0; i < rolesAndColumns.length; i += 2) {
            columns.put((String) rolesAndColumns[i], List.of(((Column) rolesAndColumns[i + 1]).name()));
        }
        return new FormatChoice(format, columns, why);
    }
}
