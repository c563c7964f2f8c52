/** Strict readers of CSV, JSON and Parquet files: malformed input is reported and never skipped silently. */
package dev.temper.spark.reading;
