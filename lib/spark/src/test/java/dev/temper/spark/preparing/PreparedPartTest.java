package dev.temper.spark.preparing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of the version before, and of classes, have fewer columns than pairs of texts and labels of several words. */
final class PreparedPartTest {
    @TempDir
    private Path place;

    private List<PreparedRow> written(ParquetTable table, boolean areOrigins, List<?>... rows) throws Exception {
        Folder folder = Folder.local(place);
        table.write(folder, List.of(rows));
        Part part = new Part(
                ParquetTable.PART,
                folder.bytes(ParquetTable.PART).orElseThrow(),
                folder.sha256(ParquetTable.PART),
                rows.length);
        List<PreparedRow> read = new ArrayList<>();
        if (areOrigins) {
            PreparedPart.readOrigins(folder, part, read::add);
        } else {
            PreparedPart.read(folder, part, read::add);
        }
        return read;
    }

    private static List<Object> row(Object... more) {
        List<Object> row = new ArrayList<>(
                Arrays.asList("id", "rows.csv", 7L, "eval", new int[] {4, 5, 6}, new int[] {-100, 5, -100}));
        row.addAll(Arrays.asList(more));
        return row;
    }

    @Test
    void rowsOfFewerColumnsAreRead() throws Exception {
        List<PreparedRow> rows = written(PreparedPart.TABLE, false, row(3, 2), row(null, null));

        assertThat(rows.get(0).label()).containsExactly(3);
        assertThat(rows.get(0).cut()).isEqualTo(2);
        assertThat(rows.get(0).tokens().trained()).containsExactly(false, true, false);
        assertThat(rows.get(0).tokens().tokenTypes()).isEmpty();
        assertThat(rows.get(1).label()).isEmpty();
        assertThat(written(PreparedPart.TABLE, true, row(3, 2)).get(0).label()).containsExactly(3);
    }

    @Test
    void pairsAndLabelsOfSeveralWordsComeBack() throws Exception {
        List<Object> pair = row(null, null, new int[] {-1, 9}, 1);

        List<PreparedRow> rows = written(PreparedPart.WIDE, false, pair, row(1, null, null, null));

        assertThat(rows.get(0).label()).containsExactly(-1, 9);
        assertThat(rows.get(0).tokens().tokenTypes()).containsExactly(0, 1, 1);
        assertThat(rows.get(1).label()).containsExactly(1);
        assertThat(rows.get(1).tokens().tokenTypes()).isEmpty();
        assertThat(written(PreparedPart.WIDE, true, pair).get(0).label()).containsExactly(-1, 9);
    }
}
