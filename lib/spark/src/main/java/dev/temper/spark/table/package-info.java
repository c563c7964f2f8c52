/** Tables, queries and DataFrames of Spark: written once to files that depend on their rows alone. */
package dev.temper.spark.table;
