package dev.temper.spark.preparing;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What happened to the rows: {@code in = trained + evaluated + rejected}. Rows that {@code max_train_rows},
 * {@code max_eval_rows} or a source's weight exclude are not counted.
 *
 * @param rejected number of rejected rows, by reason
 */
public record RowCounts(long in, long trained, long evaluated, Map<String, Long> rejected) {
    public RowCounts {
        rejected = Collections.unmodifiableMap(new TreeMap<>(rejected));
    }

    public long rejectedRows() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public String toString() {
        String reasons = rejected.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", ", " (", ")"));
        return "%d rows = %d trained + %d evaluated + %d rejected%s"
                .formatted(in, trained, evaluated, rejectedRows(), rejected.isEmpty() ? "" : reasons);
    }
}
