package dev.temper.spark.table;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.reading.ParquetValues;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.InputColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.ParsedStatement;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.Iterator;

/**
 * A table, query or DataFrame before any of its rows is read.
 *
 * @param name in rows and messages
 */
record TableQuery(String name, Dataset<Row> rows) {
    /** @throws InvalidInputException when it does not exist, or cannot be trained on */
    static TableQuery open(SparkSession spark, Source source, String name, DataTables given) {
        Dataset<Row> rows;
        try {
            rows = rows(spark, source, name, given);
        } catch (InvalidInputException e) {
            throw e;
        } catch (Exception | LinkageError e) { // Spark throws checked exceptions that it does not declare
            throw invalid("data: %s cannot be opened: %s", name, sentence(e));
        }
        check(!rows.isStreaming(), "data: %s is a stream, which has no end: write it to a table, and name that", name);
        return new TableQuery(name, rows);
    }

    private static Dataset<Row> rows(SparkSession spark, Source source, String name, DataTables given)
            throws Exception {
        if (source.dataframe().isPresent()) {
            return given.frame(source.dataframe().get());
        }
        if (source.table().isPresent()) {
            return spark.table(source.table().get());
        }
        if (source.sql().isPresent()) {
            String sql = source.sql().get();
            check(
                    isQuery(spark.sessionState().sqlParser().parsePlan(sql)),
                    "data: %s does more than to read: write a query, such as SELECT …",
                    name);
            return spark.sql(sql);
        }
        DataFrameReader reader = spark.read().format(source.format().orElseThrow());
        Map<String, String> options = new TreeMap<>();
        source.options().orElse(Map.of()).forEach((key, value) -> options.put(key, String.valueOf(value)));
        // A location without a slash may be a name that only this format understands.
        return source.location().isEmpty()
                ? reader.options(options).load()
                : reader.options(options)
                        .load(source.location()
                                .filter(location -> location.contains("/"))
                                .map(HadoopStore::resolve)
                                .orElse(source.location().get()));
    }

    // Whether a plan only reads: Spark executes a command as soon as it is parsed.
    private static boolean isQuery(LogicalPlan plan) {
        boolean isQuery = !(plan instanceof Command || plan instanceof ParsedStatement);
        for (Iterator<LogicalPlan> children = plan.children().iterator(); isQuery && children.hasNext(); ) {
            isQuery = isQuery(children.next());
        }
        return isQuery;
    }

    /**
     * Selects the columns to read in their order, with types that can be written. Columns are selected by index, as
     * names may differ in case alone. All become nullable, whatever the table's schema says.
     *
     * @throws InvalidInputException when one is missing, occurs twice, or has an unsupported type
     */
    TableQuery columns(ReadTable table) {
        StructField[] fields = rows.schema().fields();
        List<String> names = List.of(rows.schema().fieldNames());
        Dataset<Row> numbered = rows.toDF(
                IntStream.range(0, fields.length).mapToObj(i -> "c" + i).toArray(String[]::new));
        List<Column> wanted = new ArrayList<>();
        for (InputColumn column : table.columns()) {
            table.verifyHas(name, column, names);
            long count = names.stream().filter(column.name()::equals).count();
            check(count < 2, "data: %s has two columns %s: rename one", name, column.name());
            if (count > 0) {
                int place = names.indexOf(column.name());
                boolean isNothing = DataTypes.NullType.equals(fields[place].dataType());
                Column values = numbered.col("c" + place);
                wanted.add((isNothing ? values.cast(DataTypes.StringType) : values).as(column.name()));
                verify(
                        column,
                        isNothing
                                ? DataTypes.createStructField(column.name(), DataTypes.StringType, true)
                                : fields[place]);
            }
        }
        return new TableQuery(name, numbered.select(wanted.toArray(Column[]::new)));
    }

    private void verify(InputColumn column, StructField field) {
        String advice = "; CAST it in a query, as in {sql: \"SELECT CAST(%s AS STRING) AS %s, … FROM …\"}"
                .formatted(column.name(), column.name());
        boolean isRight;
        String wrong;
        try {
            var type = new TableRecords(new StructType(new StructField[] {field}))
                    .parquetSchema()
                    .getType(0);
            isRight = ParquetValues.isRight(type, column.content());
            wrong = ParquetValues.wrong(name, column, type);
        } catch (Exception e) { // a type that cannot be written to a file
            isRight = false;
            wrong = "data: %s: column %s is of the type %s, which is not read"
                    .formatted(name, column.name(), field.dataType().simpleString());
        }
        check(isRight, "%s%s", wrong, advice);
    }

    /** The cause of a failed job, in one sentence. */
    static String cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = String.valueOf(cause.getMessage());
        int last = message.lastIndexOf("Caused by: "); // an executor's failure may arrive as text
        return last < 0 ? sentence(cause) : sentence(message.substring(last + "Caused by: ".length()));
    }

    private static String sentence(Throwable failure) {
        boolean isSpark = failure.getClass().getName().startsWith("org.apache.spark.");
        return (isSpark ? "" : failure.getClass().getSimpleName() + ": ")
                + sentence(String.valueOf(failure.getMessage()));
    }

    /** Without error class, hints and the text of the query. */
    private static String sentence(String message) {
        return message.strip()
                .lines()
                .findFirst()
                .orElse("")
                .replaceFirst("^\\[[A-Z0-9_.]+\\] ", "")
                .replaceFirst("\\. [A-Z].*", "")
                .replaceFirst("[.;:]$", "");
    }
}
