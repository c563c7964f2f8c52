package dev.temper.spark.preparing;

import static dev.temper.check.Check.invalid;

import dev.temper.check.Check;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException.Reason;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Checks after tokenization whether the data can be trained on. */
record Refusals(DataConfig data) {
    private static final int SHOWN_REASONS = 3;

    /** @throws dev.temper.check.InvalidInputException when it cannot */
    void verify(RowCounts counts, List<RejectedRow> rejected) {
        checkLength(rejected);
        checkRejected(counts, rejected);
        Check.check(
                counts.trained() > 0,
                "data: no row is left to train on: %s; %s",
                counts,
                counts.rejectedRows() > 0 ? reasons(counts, rejected) : "add rows or lower data.eval_fraction");
        boolean isShare = data.eval().isEmpty();
        Check.check(
                counts.evaluated() > 0 || (isShare && data.evalFraction() == 0),
                "data: no row is left to evaluate on: %s; %s",
                counts,
                isShare
                        ? "raise data.eval_fraction"
                        : "add rows to " + data.eval().map(Source::name).orElse("") + ", or leave it out");
    }

    /** @throws dev.temper.check.InvalidInputException when the share of rejected rows exceeds the recipe's limit */
    void checkRejected(RowCounts counts, List<RejectedRow> rejected) {
        if (counts.rejectedRows() <= data.maxRejectedFraction() * counts.in()) {
            return;
        }
        throw invalid(
                "data: %d of %d rows are rejected, more than data.max_rejected_fraction %s allows: %s",
                counts.rejectedRows(), counts.in(), data.maxRejectedFraction(), reasons(counts, rejected));
    }

    /** The most frequent reasons, each with the first row that has it. */
    private static String reasons(RowCounts counts, List<RejectedRow> rejected) {
        return counts.rejected().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN_REASONS)
                .map(entry -> entry.getKey() + " " + entry.getValue() + example(entry.getKey(), rejected))
                .collect(Collectors.joining("; "));
    }

    private static String example(String reason, List<RejectedRow> rejected) {
        return rejected.stream()
                .filter(row -> row.reason().equals(reason))
                .findFirst()
                .map(row -> " (row %d of %s: %s)".formatted(row.rowNumber(), row.source(), row.detail()))
                .orElse("");
    }

    private void checkLength(List<RejectedRow> rejected) {
        if (data.tooLong() != TooLong.FAIL) {
            return;
        }
        rejected.stream()
                .filter(row -> row.reason().equals(Reason.TOO_LONG.label()))
                .findFirst()
                .ifPresent(row -> {
                    throw invalid(
                            "data: row %d of %s has %s: raise data.max_length or set data.too_long to truncate or drop",
                            row.rowNumber(), row.source(), row.detail());
                });
    }
}
