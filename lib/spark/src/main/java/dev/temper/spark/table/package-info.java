/**
 * Tables and queries of Spark, and DataFrames of programs, read once into files that are the same for the same rows.
 */
package dev.temper.spark.table;
