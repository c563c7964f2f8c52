/** Rows of CSV, JSON and Parquet files, read strictly: what is wrong with one is told and never swallowed. */
package dev.temper.spark.reading;
