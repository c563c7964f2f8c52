package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.check.Check.some;

import dev.temper.check.FailedRunException;
import dev.temper.spark.table.DataTables;
import dev.temper.storage.Hashes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The rows that a program hands over: those to train on, and those to evaluate on. */
record GivenRows(Dataset<Row> train, Optional<Dataset<Row>> eval) {
    /** Their names in the recipe. */
    static final String TRAIN = "train";

    static final String EVAL = "eval";

    /** @param indicator column that is true in rows to evaluate on; empty: none is */
    static GivenRows of(Dataset<?> rows, String indicator) {
        check(!rows.isStreaming(), "the DataFrame is a stream, which has no end: write it to a table, and fit that");
        if (indicator.isEmpty()) {
            return new GivenRows(rows.toDF(), Optional.empty());
        }
        verifyIndicator(rows.schema(), indicator);
        Column isEval = functions.coalesce(
                rows.col("`" + indicator.replace("`", "``") + "`"), functions.lit(false)); // null: to train on
        return new GivenRows(
                rows.toDF().filter(functions.not(isEval)),
                Optional.of(rows.toDF().filter(isEval)));
    }

    private static void verifyIndicator(StructType schema, String indicator) {
        List<String> names = List.of(schema.fieldNames());
        List<StructField> found = List.of(schema.fields()).stream()
                .filter(field -> field.name().equals(indicator))
                .toList();
        check(
                !found.isEmpty(),
                "validationIndicatorCol: the DataFrame has no column %s%s; it has %s",
                indicator,
                nearest(indicator, names).map(name -> " (" + name + "?)").orElse(""),
                some(names));
        check(found.size() == 1, "validationIndicatorCol: the DataFrame has two columns %s: rename one", indicator);
        check(
                found.get(0).dataType().equals(DataTypes.BooleanType),
                "validationIndicatorCol: column %s is of the type %s; it must be boolean, true in the rows to evaluate"
                        + " on",
                indicator,
                found.get(0).dataType().simpleString());
    }

    DataTables tables() {
        Map<String, Dataset<Row>> frames = new TreeMap<>(Map.of(TRAIN, train));
        eval.ifPresent(rows -> frames.put(EVAL, rows));
        return new DataTables(frames);
    }

    /**
     * What makes two sets of rows the same, in whatever order they come; reads them once.
     *
     * @param columns what counts of a row
     * @throws dev.temper.check.InvalidInputException when there are none to train on, or none to evaluate on
     * @throws FailedRunException when they cannot be read
     */
    String hash(Collection<String> columns) {
        String hash = hash(train, columns, "the DataFrame has no rows to train on");
        return Hashes.sha256(
                eval.isEmpty()
                        ? hash
                        : hash + "\n"
                                + hash(
                                        eval.get(),
                                        columns,
                                        "no row of the DataFrame has true as its validationIndicatorCol: mark rows to"
                                                + " evaluate on, or leave that out"));
    }

    private static String hash(Dataset<Row> rows, Collection<String> columns, String none) {
        StructField[] fields = rows.schema().fields();
        Dataset<Row> numbered = rows.toDF(
                IntStream.range(0, fields.length).mapToObj(i -> "c" + i).toArray(String[]::new));
        List<Column> wanted = new ArrayList<>();
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < fields.length; i++) { // by their places: names may differ in case alone
            if (columns.contains(fields[i].name())) {
                boolean isNothing = fields[i].dataType() instanceof NullType;
                wanted.add(isNothing ? numbered.col("c" + i).cast("string") : numbered.col("c" + i));
                names.append(fields[i].name())
                        .append(' ')
                        .append(fields[i].dataType().json())
                        .append('\n');
            }
        }
        Column text = functions.to_json(functions.struct(wanted.toArray(Column[]::new))); // a map has no hash
        Column hash = functions.xxhash64(text);
        Row total;
        try {
            total = numbered.select(hash.as("h"))
                    .agg(
                            functions.count("*"),
                            functions.sum(functions.col("h").cast("decimal(38,0)")),
                            functions.expr("bit_xor(h)"))
                    .head();
        } catch (Exception e) { // Spark throws checked exceptions that it does not declare
            throw new FailedRunException("the DataFrame could not be read: " + cause(e), e);
        }
        check(total.getLong(0) > 0, "%s", none);
        return names + total.mkString(" ");
    }

    /** The first line of what is behind a failure. */
    private static String cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("") + " ("
                + cause.getClass().getSimpleName() + ")";
    }

    /** The same rows to train and to evaluate on: for one who only evaluates. */
    static GivenRows toEvaluate(Dataset<?> rows) {
        GivenRows given = of(rows, "");
        return new GivenRows(given.train(), Optional.of(given.train()));
    }
}
