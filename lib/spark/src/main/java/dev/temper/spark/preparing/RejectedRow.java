package dev.temper.spark.preparing;

import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import java.io.Serializable;
import java.util.List;

/**
 * A row that was not trained on, and why.
 *
 * @param rowNumber where in its source; 1 is the first row
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
