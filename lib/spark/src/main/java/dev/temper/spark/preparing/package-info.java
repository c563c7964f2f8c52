/** Prepares data: selects rows, applies the stages, and writes the tokens to files. */
package dev.temper.spark.preparing;
