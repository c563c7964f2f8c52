package dev.temper.spark;

import dev.temper.spark.Sources.InputFile;
import java.io.Serializable;

/**
 * Row groups of a Parquet file that one task reads.
 *
 * @param firstRow number of the first row, counted from 1
 */
record ParquetSlice(InputFile file, int firstGroup, int groups, long firstRow) implements Serializable {}
