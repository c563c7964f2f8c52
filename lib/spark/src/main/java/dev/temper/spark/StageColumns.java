package dev.temper.spark;

import static dev.temper.check.Check.invalid;

import dev.temper.text.RejectedRowException;
import java.util.Arrays;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** How our stages carry rejected rows along, and name the values of enums in their parameters. */
final class StageColumns {
    static final String REASON = "reason";
    static final String DETAIL = "detail";

    private StageColumns() {}

    static Dataset<Row> withReason(Dataset<?> rows) {
        boolean isThere = Arrays.asList(rows.columns()).contains(REASON);
        return isThere
                ? rows.toDF()
                : rows.withColumn(REASON, functions.lit(null).cast(DataTypes.StringType))
                        .withColumn(DETAIL, functions.lit(null).cast(DataTypes.StringType));
    }

    static StructType withReason(StructType schema) {
        boolean isThere = Arrays.asList(schema.fieldNames()).contains(REASON);
        return isThere ? schema : schema.add(REASON, DataTypes.StringType).add(DETAIL, DataTypes.StringType);
    }

    static boolean isRejected(Row row) {
        return !row.isNullAt(row.fieldIndex(REASON));
    }

    /** The row with two more values; Spark hands it to the next stage as it is, so it must have its schema. */
    static Row append(Row row, StructType schema, Object first, Object second) {
        Object[] values = new Object[row.length() + 2];
        for (int i = 0; i < row.length(); i++) {
            values[i] = row.get(i);
        }
        values[row.length()] = first;
        values[row.length() + 1] = second;
        return new GenericRowWithSchema(values, schema);
    }

    /** The row with its reason and two nulls. */
    static Row reject(Row row, StructType schema, RejectedRowException why) {
        GenericRowWithSchema rejected = (GenericRowWithSchema) append(row, schema, null, null);
        rejected.values()[row.fieldIndex(REASON)] = why.reason().label();
        rejected.values()[row.fieldIndex(DETAIL)] = why.detail();
        return rejected;
    }

    /** An array of integers, as our stages or as Spark hands it over. */
    static int[] ints(Row row, String column) {
        int index = row.fieldIndex(column);
        return row.get(index) instanceof int[] ints
                ? ints
                : row.<Integer>getList(index).stream()
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    /** As recipes write it: {@code prompt_completion}. */
    static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    static <E extends Enum<E>> E value(Class<E> type, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(value -> name(value).equals(name))
                .findFirst()
                .orElseThrow(() -> invalid(
                        "%s: %s is none of %s",
                        type.getSimpleName(),
                        name,
                        Arrays.stream(type.getEnumConstants())
                                .map(StageColumns::name)
                                .toList()));
    }
}
