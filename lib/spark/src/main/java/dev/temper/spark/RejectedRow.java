package dev.temper.spark;

import dev.temper.spark.ParquetTable.Column;
import dev.temper.spark.ParquetTable.Kind;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;

/**
 * A row that was not trained on, and why.
 *
 * @param rowNumber where in its source; 1 is the first row
 */
public record RejectedRow(String rowId, String source, long rowNumber, String reason, String detail) {
    private static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("row_id", Kind.STRING),
            new Column("source", Kind.STRING),
            new Column("reason", Kind.STRING),
            new Column("detail", Kind.STRING)));

    /** Writes the table {@code rejected}. */
    public static void write(Folder folder, List<RejectedRow> rows) throws IOException {
        TABLE.write(
                folder,
                rows.stream()
                        .map(row -> List.of(row.rowId(), row.source(), row.reason(), row.detail()))
                        .toList());
    }
}
