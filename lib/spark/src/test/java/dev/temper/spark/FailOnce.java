package dev.temper.spark;

import static dev.temper.check.Check.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Leaves rows as they are, but breaks off in the middle of them: the first attempt of each second task, or else the
 * first process that gets there.
 */
public final class FailOnce extends Transformer {
    private static final long serialVersionUID = 1L;
    private static final int ROWS = 5_000;

    private final String marker; // made by the process that ends; null when tasks only fail

    public FailOnce() {
        this(null);
    }

    private FailOnce(String marker) {
        this.marker = marker;
    }

    public static FailOnce endingTheProcess(Path marker) {
        return new FailOnce(marker.toString());
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        String file = marker;
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>) rows -> new Failing(rows, file),
                        Encoders.row(dataset.schema()));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return schema;
    }

    @Override
    public Transformer copy(ParamMap extra) {
        return this;
    }

    @Override
    public String uid() {
        return "failOnce";
    }

    private static final class Failing implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final String marker;
        private int count;

        Failing(Iterator<Row> rows, String marker) {
            this.rows = rows;
            this.marker = marker;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public Row next() {
            if (++count == ROWS) {
                breakOff();
            }
            return rows.next();
        }

        private void breakOff() {
            if (marker == null) {
                boolean isFirst = TaskContext.get().attemptNumber() == 0;
                check(!isFirst || TaskContext.getPartitionId() % 2 == 0, "broken off, as the test wants it");
                return;
            }
            try {
                Files.createFile(Path.of(marker));
                Runtime.getRuntime().halt(1);
            } catch (FileAlreadyExistsException e) {
                return; // once is enough
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
