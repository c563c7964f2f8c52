package dev.temper.text;

import static dev.temper.check.Check.check;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Sources of rows and how they become tokens; {@code data:} in the recipe.
 *
 * @param train one or more sources of rows to train on
 * @param eval source of rows to evaluate on, instead of {@code evalFraction}
 * @param evalFraction share of the rows that are evaluated on and not trained on, in {@code [0, 1)}, selected by a hash
 *     of the row's content and the seed
 * @param columns names of columns by role of the format: {@code text}, {@code prompt}, {@code messages}, …; several
 *     columns of one role are joined
 * @param separator between joined columns
 * @param system a system message for conversations that have none
 * @param chatTemplate {@code auto}: the tokenizer's, if it has one; {@code none}; the name or text of a template
 * @param chatTemplateKwargs further variables for the template, as in transformers: {@code enable_thinking: false}
 * @param date that the template may show, as {@code 2026-11-22}; empty: the day of the run
 * @param maxLength maximum number of tokens of a row; {@code tooLong} says what happens to longer ones
 * @param maxCharacters maximum length of a row, and of its rendered text, in UTF-16 units; longer rows are rejected
 *     before they are tokenized
 * @param maxRejectedFraction the run fails when a larger share of the rows is rejected, in {@code [0, 1]}
 * @param balanceBy column for whose values {@code maxTrainRows} and {@code maxEvalRows} select an equal number of rows
 *     each
 * @param prepared folder for prepared rows; empty: {@code prepared} below the output
 */
public record DataConfig(
        List<Source> train,
        Optional<Source> eval,
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

    /** Default of {@code maxCharacters}. */
    public static final int MAX_CHARACTERS = 10_000_000;

    /**
     * A source of rows: files, or a table, which is anything that Spark can read.
     *
     * @param location a file, a folder or a pattern; with {@code format} the argument of Spark's {@code load}
     * @param weight relative share when several sources are mixed
     * @param table name of a table in the session's catalogs
     * @param sql a query
     * @param format name of a Spark data source
     * @param options of the data source; their values may be secret
     * @param dataframe name of a DataFrame that a program passes in
     */
    public record Source(
            Optional<String> location,
            OptionalDouble weight,
            Optional<String> table,
            Optional<String> sql,
            Optional<String> format,
            Optional<Map<String, Object>> options,
            Optional<String> dataframe) {
        private static final Optional<String> NONE = Optional.empty();
        private static final String ONE = "a source of data is one of a location, {table: catalog.schema.name}, {sql:"
                + " \"SELECT …\"} and {format: delta, location: …}";

        public Source {
            List<Optional<String>> names = List.of(table, sql, format, dataframe);
            long count = names.stream().filter(Optional::isPresent).count();
            check(count + (location.isPresent() && format.isEmpty() ? 1 : 0) == 1, "data.train, data.eval: " + ONE);
            location.ifPresent(name -> check(!name.isBlank(), "data.train must name a file, a folder or a table"));
            names.forEach(name -> check(
                    name.isEmpty() || !name.get().isBlank(), "data.train, data.eval: a name in it is empty; " + ONE));
            check(
                    options.isEmpty() || format.isPresent(),
                    "data.train, data.eval: options belong to a format; leave them out");
            Map<String, Object> given = options.orElse(Map.of());
            given.forEach((key, value) -> check(
                    value instanceof String || value instanceof Number || value instanceof Boolean,
                    "data.train, data.eval: the option %s must be a text, a number, true or false",
                    key));
            check(
                    weight.isEmpty() || weight.getAsDouble() > 0,
                    "data.train: the weight of %s must be positive, got %s",
                    location.or(() -> table).orElse("a source"),
                    weight.orElse(0));
            options = options.map(values -> Collections.unmodifiableMap(new TreeMap<>(values)));
        }

        public Source(String location, double weight) {
            this(Optional.of(location), OptionalDouble.of(weight), NONE, NONE, NONE, Optional.empty(), NONE);
        }

        /** Files at a location. */
        public static Source of(String location) {
            return new Source(location, 1);
        }

        /** A table of the session's catalogs. */
        public static Source ofTable(String name) {
            return new Source(NONE, OptionalDouble.of(1), Optional.of(name), NONE, NONE, Optional.empty(), NONE);
        }

        /** The rows of a query. */
        public static Source ofSql(String query) {
            return new Source(NONE, OptionalDouble.of(1), NONE, Optional.of(query), NONE, Optional.empty(), NONE);
        }

        /** A DataFrame that a program passes in by this name. */
        public static Source ofDataframe(String name) {
            return new Source(NONE, OptionalDouble.of(1), NONE, NONE, NONE, Optional.empty(), Optional.of(name));
        }

        /** Whether the source is a table, query, data source or DataFrame, and not files. */
        public boolean isTable() {
            return location.isEmpty() || format.isPresent();
        }

        /** The source's name in rows and messages. Contains no text of a query, which may hold secrets. */
        public String name() {
            if (table.isPresent()) {
                return "table " + table.get();
            }
            if (dataframe.isPresent()) {
                return "dataframe " + dataframe.get();
            }
            return sql.isPresent() ? "sql" : format.map(name -> name + " ").orElse("") + location.orElse("table");
        }

        /** Its weight; 1 if none is set. */
        public double share() {
            return weight.orElse(1);
        }

        /** A copy with another weight, or none. */
        Source withWeight(OptionalDouble other) {
            return new Source(location, other, table, sql, format, options, dataframe);
        }
    }

    /** Which part of a row counts in the loss. */
    public enum TrainOn {
        COMPLETION,
        /** All turns of the assistant. */
        ASSISTANT,
        ALL
    }

    /** What happens to a row of more than {@code max_length} tokens. */
    public enum TooLong {
        TRUNCATE,
        DROP,
        FAIL
    }

    /** How rows are packed into sequences. */
    public enum Packing {
        NONE,
        /** Best-fit decreasing: whole rows, few gaps. */
        BFD,
        /** One stream of all rows, split every {@code max_length} tokens. */
        WRAPPED
    }

    public DataConfig {
        check(!train.isEmpty(), "data.train must name a file, a folder or a table");
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
        check(
                eval.isEmpty() || eval.get().share() == 1,
                "data.eval: a weight says how training data is mixed, and changes nothing here; leave it out");
        eval = eval.map(source -> source.withWeight(OptionalDouble.empty()));
        verifyDistinct(train, eval);
        train = train.stream()
                .map(source -> source.withWeight(OptionalDouble.of(source.share())))
                .toList();
        columns = Map.copyOf(columns);
    }

    private static void checkRows(String key, OptionalLong rows) {
        check(
                rows.isEmpty() || rows.getAsLong() > 0,
                "%s must be positive, got %d; leave it out for all rows",
                key,
                rows.orElse(0));
    }

    // Equal files are detected when they are found.
    private static void verifyDistinct(List<Source> train, Optional<Source> eval) {
        Set<Source> seen = new HashSet<>();
        for (Source source : train) {
            boolean isNew = seen.add(source.withWeight(OptionalDouble.empty()));
            check(isNew || !source.isTable(), "data.train names %s twice: leave one out", source.name());
        }
        check(
                eval.isEmpty() || !eval.get().isTable() || !seen.contains(eval.get()),
                "data.eval and data.train both name %s: rows that are learned measure nothing, so name other rows in"
                        + " one of them, or leave data.eval out and set data.eval_fraction",
                eval.map(Source::name).orElse(""));
    }

    /** Whether a row is a pair of texts. */
    public boolean isPair() {
        return columns.containsKey(Role.TEXT_PAIR);
    }

    /** All tables among the sources, those to train on first. */
    public List<Source> tables() {
        return Stream.concat(train.stream(), eval.stream())
                .filter(Source::isTable)
                .toList();
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
