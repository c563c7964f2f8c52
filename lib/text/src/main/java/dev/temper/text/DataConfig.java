package dev.temper.text;

import static dev.temper.check.Check.check;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Where rows come from and how they become tokens; {@code data:} in the recipe.
 *
 * @param train one or more sources
 * @param eval rows to evaluate on, instead of {@code evalFraction}
 * @param evalFraction share of the rows kept for evaluation, in {@code [0, 1)}, by hash of the row's content and seed
 * @param columns which column holds what, by the roles of the format: {@code text}, {@code prompt}, {@code messages},
 *     …; several columns of one role are joined
 * @param separator between joined columns
 * @param system a system message for conversations that have none
 * @param chatTemplate {@code auto}: the tokenizer's, if it has one; {@code none}; a template's name or text
 * @param chatTemplateKwargs more variables for the template, as in transformers: {@code enable_thinking: false}
 * @param date what a template is told is today, as {@code 2026-11-22}; the day of the run when empty
 * @param maxLength tokens of a row at most; what is longer goes by {@code tooLong}
 * @param maxCharacters of a row, and of what a chat template makes of it, in UTF-16; a longer one is rejected before it
 *     is tokenized
 * @param maxRejectedFraction the run fails when a larger share of the rows is rejected, in {@code [0, 1]}
 * @param balanceBy column of whose values {@code maxTrainRows} and {@code maxEvalRows} take equally many rows each
 * @param prepared where prepared rows are kept; {@code prepared} below the output when empty
 */
public record DataConfig(
        List<Source> train,
        Optional<String> eval,
        double evalFraction,
        Format format,
        Map<String, List<String>> columns,
        String separator,
        Optional<String> system,
        String chatTemplate,
        Map<String, Object> chatTemplateKwargs,
        Optional<String> date,
        TrainOn trainOn,
        int maxLength,
        int maxCharacters,
        TooLong tooLong,
        Packing packing,
        double maxRejectedFraction,
        OptionalLong maxTrainRows,
        OptionalLong maxEvalRows,
        Optional<String> balanceBy,
        String encoding,
        String delimiter,
        boolean header,
        Optional<String> prepared) {

    /** {@code maxCharacters} where a recipe says nothing. */
    public static final int MAX_CHARACTERS = 10_000_000;

    /**
     * One place to read from.
     *
     * @param weight its share when several are mixed
     */
    public record Source(String location, double weight) {
        public Source {
            check(!location.isBlank(), "data.train must name a file or folder");
            check(weight > 0, "data.train: the weight of %s must be positive, got %s", location, weight);
        }

        public static Source of(String location) {
            return new Source(location, 1);
        }
    }

    /** What the columns mean. */
    public enum Format {
        TEXT,
        PROMPT_COMPLETION,
        MESSAGES,
        SHAREGPT,
        ALPACA,
        CLASSIFICATION
    }

    /** Which part of a row is learned. */
    public enum TrainOn {
        COMPLETION,
        /** Every turn of the assistant. */
        ASSISTANT,
        ALL
    }

    /** What happens to a row of more than {@code max_length} tokens. */
    public enum TooLong {
        TRUNCATE,
        DROP,
        FAIL
    }

    /** How rows share a sequence. */
    public enum Packing {
        NONE,
        /** Best fit decreasing: whole rows, few gaps. */
        BFD,
        /** One stream of all rows, cut every {@code max_length} tokens. */
        WRAPPED
    }

    public DataConfig {
        check(!train.isEmpty(), "data.train must name a file or folder");
        check(evalFraction >= 0 && evalFraction < 1, "data.eval_fraction must be in [0, 1), got %s", evalFraction);
        check(
                eval.isEmpty() || evalFraction == 0,
                "data.eval and data.eval_fraction exclude each other: leave one of them out");
        check(maxLength >= 2, "data.max_length must be at least 2 tokens, got %d", maxLength);
        check(maxCharacters > 0, "data.max_characters must be positive, got %d", maxCharacters);
        check(
                maxRejectedFraction >= 0 && maxRejectedFraction <= 1,
                "data.max_rejected_fraction must be in [0, 1], got %s",
                maxRejectedFraction);
        checkRows("data.max_train_rows", maxTrainRows);
        checkRows("data.max_eval_rows", maxEvalRows);
        check(delimiter.length() == 1, "data.delimiter must be one character, got '%s'", delimiter);
        check(isCharset(encoding), "data.encoding: this Java does not know %s; write a name such as UTF-8", encoding);
        check(
                balanceBy.isEmpty() || maxTrainRows.isPresent() || maxEvalRows.isPresent(),
                "data.balance_by needs data.max_train_rows or data.max_eval_rows: it says how those rows are chosen");
        check(
                date.isEmpty() || isDate(date.get()),
                "data.date must be a day such as 2026-11-22, got %s",
                date.orElse(""));
        chatTemplateKwargs = Collections.unmodifiableMap(new TreeMap<>(chatTemplateKwargs));
        train = List.copyOf(train);
        columns = Map.copyOf(columns);
    }

    private static void checkRows(String key, OptionalLong rows) {
        check(
                rows.isEmpty() || rows.getAsLong() > 0,
                "%s must be positive, got %d; leave it out for all rows",
                key,
                rows.orElse(0));
    }

    private static boolean isDate(String text) {
        try {
            LocalDate.parse(text);
            return true;
        } catch (DateTimeParseException e) {
            return false;
        }
    }

    private static boolean isCharset(String name) {
        try {
            return Charset.isSupported(name);
        } catch (IllegalCharsetNameException e) {
            return false;
        }
    }
}
