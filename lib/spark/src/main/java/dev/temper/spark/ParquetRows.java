package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import dev.temper.spark.SourceFiles.Kind;
import dev.temper.spark.Sources.InputFile;
import dev.temper.text.InputColumn;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * The rows of the Parquet files of one location, read by Spark, which would fill a column that one of the files lacks
 * with nulls and says so to nobody: so the files' own schemas are compared first.
 */
record ParquetRows(ReadTable table, List<InputFile> files) {
    ParquetRows(ReadTable table, Sources sources, int origin) {
        this(
                table,
                sources.files().stream()
                        .filter(file ->
                                file.kind() == Kind.PARQUET && file.origin().number() == origin)
                        .toList());
    }

    JavaRDD<ReadRow> read(SparkSession spark) {
        StructType schema = schema(spark);
        List<Column> columns = new ArrayList<>();
        for (InputColumn column : table.columns()) {
            columns.add(text(schema, column).as(column.name()));
        }
        columns.add(col("_metadata.file_path"));
        columns.add(col("_metadata.row_index"));
        int count = table.columns().size();
        Map<String, Integer> indexes = new HashMap<>();
        files.forEach(
                file -> indexes.put(HadoopStore.hadoopPath(file.location()).toString(), file.index()));
        Map<String, Integer> known = new ConcurrentHashMap<>();
        return spark.read()
                .schema(schema)
                .parquet(paths())
                .select(columns.toArray(Column[]::new))
                .toJavaRDD()
                .map(row -> {
                    String[] values = new String[count];
                    for (int i = 0; i < count; i++) {
                        values[i] = row.getString(i);
                    }
                    int file = known.computeIfAbsent(row.getString(count), path -> index(indexes, path));
                    return new ReadRow(file, row.getLong(count + 1) + 1, values, null, null);
                });
    }

    // Spark's file column is an escaped URI, Hadoop's paths are not.
    private static Integer index(Map<String, Integer> indexes, String path) {
        Integer index = indexes.get(path);
        return index != null ? index : indexes.get(new Path(URI.create(path)).toString());
    }

    /** The columns asked for, of the type that they have in all files. */
    private StructType schema(SparkSession spark) {
        HadoopStore store = HadoopStore.of(spark);
        List<String> schemas = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(files, files.size())
                .map(file -> schema(store, file))
                .collect();
        StructType first = null;
        for (int i = 0; i < files.size(); i++) {
            StructType wanted = wanted(
                    (StructType) DataType.fromJson(schemas.get(i)), files.get(i).source());
            first = first == null ? wanted : first;
            check(
                    first.equals(wanted),
                    "data: %s has other columns than %s: %s, not %s",
                    files.get(i).source(),
                    files.get(0).source(),
                    wanted.toDDL(),
                    first.toDDL());
        }
        return first;
    }

    private static String schema(HadoopStore store, InputFile file) throws Exception {
        Configuration configuration = store.configuration();
        Path path = HadoopStore.hadoopPath(file.location());
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(path, configuration))) {
            return new ParquetToSparkSchemaConverter(false, true, false, true, false)
                    .convert(reader.getFileMetaData().getSchema())
                    .json();
        } catch (RuntimeException e) {
            throw invalid("data: %s cannot be read as Parquet: %s", file.source(), e.getMessage());
        }
    }

    private StructType wanted(StructType all, String source) {
        StructType wanted = new StructType();
        for (InputColumn column : table.columns()) {
            table.verifyHas(source, column, Arrays.asList(all.fieldNames()));
            if (Arrays.asList(all.fieldNames()).contains(column.name())) {
                DataType type = all.apply(column.name()).dataType();
                verifyType(column, type, source);
                wanted = wanted.add(column.name(), type);
            }
        }
        return wanted.asNullable();
    }

    private static void verifyType(InputColumn column, DataType type, String source) {
        boolean isNested = type instanceof StructType || type instanceof ArrayType || type instanceof MapType;
        boolean isRight = type instanceof StringType
                || switch (column.content()) {
                    case TEXT -> false;
                    case JSON -> isNested;
                    case LABEL -> type instanceof BooleanType || isInteger(type);
                };
        String wanted =
                switch (column.content()) {
                    case TEXT -> "text";
                    case JSON -> "text, lists or structs";
                    case LABEL -> "text, integers or booleans";
                };
        check(
                isRight,
                "data: %s: column %s must hold %s, it is of the type %s",
                source,
                column.name(),
                wanted,
                type.catalogString());
    }

    private static boolean isInteger(DataType type) {
        return type instanceof LongType
                || type instanceof IntegerType
                || type instanceof ShortType
                || type instanceof ByteType;
    }

    private static Column text(StructType schema, InputColumn column) {
        if (!Arrays.asList(schema.fieldNames()).contains(column.name())) {
            return lit(null).cast(DataTypes.StringType);
        }
        DataType type = schema.apply(column.name()).dataType();
        Column value = col("`" + column.name().replace("`", "``") + "`");
        if (type instanceof StringType) {
            return value;
        }
        if (type instanceof BooleanType) {
            return when(value, "1").when(value.equalTo(false), "0");
        }
        return isInteger(type) ? value.cast(DataTypes.StringType) : to_json(value);
    }

    // Spark reads *, ?, [ and { in a path as a pattern.
    private String[] paths() {
        return files.stream()
                .map(file -> HadoopStore.hadoopPath(file.location()).toString())
                .map(path -> path.replaceAll("([\\[\\]{}*?\\\\])", "\\\\$1"))
                .toArray(String[]::new);
    }
}
