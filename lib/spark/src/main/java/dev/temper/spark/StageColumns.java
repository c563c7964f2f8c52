package dev.temper.spark;

import static dev.temper.check.Check.invalid;

import dev.temper.text.RejectedRowException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * Columns that our stages share, and helpers for their Params: how rejected rows are passed along, and how enum values
 * are named.
 */
public final class StageColumns {
    static final String REASON = "_reason";
    static final String DETAIL = "_detail";

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

    /** An array of integers, as our stages (int[]) or as Spark (a Scala sequence) represents it. */
    public static int[] ints(Row row, String column) {
        int index = row.fieldIndex(column);
        return row.get(index) instanceof int[] ints
                ? ints
                : row.<Integer>getList(index).stream()
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    /** Name of an enum value in a recipe, such as {@code prompt_completion}. */
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

    /** Spark's explanation of a Param, with the items of an array in place of its identity. */
    public static String explained(Params stage, Param<?> param, String explanation) {
        String text = explanation;
        for (Option<?> option : List.of(stage.getDefault(param), stage.get(param))) {
            Object value = option.isDefined() ? option.get() : null;
            if (value instanceof Object[] items) {
                text = text.replace(value.toString(), Arrays.toString(items));
            }
        }
        return text;
    }

    /** Appends columns to rows; an existing column of the same name is replaced. */
    static final class Appended implements Serializable {
        private static final long serialVersionUID = 1L;

        private final int[] kept;
        private final StructType schema;

        /** @param rows schema of the input rows, with a reason */
        Appended(StructType rows, StructType added) {
            List<String> replaced = Arrays.asList(added.fieldNames());
            this.kept = IntStream.range(0, rows.size())
                    .filter(i -> !replaced.contains(rows.fields()[i].name()))
                    .toArray();
            StructType all = new StructType();
            for (int i : kept) {
                all = all.add(rows.fields()[i]);
            }
            for (StructField field : added.fields()) {
                all = all.add(field);
            }
            this.schema = all;
        }

        StructType schema() {
            return schema;
        }

        /** The row with these values in its new columns; null for those that are not given. */
        Row row(Row row, Object... added) {
            Object[] values = new Object[schema.size()];
            for (int i = 0; i < kept.length; i++) {
                values[i] = row.get(kept[i]);
            }
            System.arraycopy(added, 0, values, kept.length, added.length);
            // the next stage receives this very row and reads its schema
            return new GenericRowWithSchema(values, schema);
        }

        Row rejected(Row row, RejectedRowException why, Object... added) {
            GenericRowWithSchema rejected = (GenericRowWithSchema) row(row, added);
            rejected.values()[schema.fieldIndex(REASON)] = why.reason().label();
            rejected.values()[schema.fieldIndex(DETAIL)] = why.detail();
            return rejected;
        }
    }
}
