package dev.temper.spark;

/**
 * A row that was not trained on, and why.
 *
 * @param rowNumber where in its source; 1 is the first row
 */
public record RejectedRow(String rowId, String source, long rowNumber, String reason, String detail) {}
