package dev.temper.spark.preparing;

import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import java.io.Serializable;
import java.util.List;

/**
 * A row that was rejected, and why.
 *
 * @param rowNumber position in its source, from 1
 */
public record RejectedRow(String rowId, String source, long rowNumber, String reason, String detail)
        implements Serializable {
    static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("row_id", Kind.STRING),
            new Column("source", Kind.STRING),
            new Column("reason", Kind.STRING),
            new Column("detail", Kind.STRING)));

    List<?> values() {
        return List.of(rowId, source, reason, detail);
    }
}
