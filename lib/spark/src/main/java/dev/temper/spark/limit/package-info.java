/** Readers and buffers that limit the size of a row's values before they are in memory. */
package dev.temper.spark.limit;
