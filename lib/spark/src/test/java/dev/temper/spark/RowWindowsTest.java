package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

final class RowWindowsTest {
    @Test
    void takesNoMoreRowsThanItsWindow() {
        List<Integer> taken = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        RowWindows windows = new RowWindows(
                IntStream.range(0, 10)
                        .mapToObj(i -> RowFactory.create(i))
                        .peek(row -> taken.add(row.getInt(0)))
                        .iterator(),
                4,
                rows -> {
                    sizes.add(rows.size());
                    return rows;
                });

        assertThat(windows.hasNext()).isTrue();
        assertThat(windows.next().getInt(0)).isZero();
        assertThat(taken).hasSizeBetween(4, 5); // a stream's iterator looks one row ahead
        List<Integer> rest = new ArrayList<>();
        windows.forEachRemaining(row -> rest.add(row.getInt(0)));

        assertThat(rest).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(sizes).containsExactly(4, 4, 2);
    }
}
