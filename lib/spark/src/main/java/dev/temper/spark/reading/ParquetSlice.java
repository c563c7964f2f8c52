package dev.temper.spark.reading;

import dev.temper.spark.source.Sources.InputFile;
import java.io.Serializable;

/**
 * Row groups of a Parquet file that one task reads.
 *
 * @param firstRow number of the first row, counted from 1
 */
public record ParquetSlice(InputFile file, int firstGroup, int groups, long firstRow) implements Serializable {}
