/** Readers that stop where a value is larger than a row may be, before it is in memory. */
package dev.temper.spark.limit;
