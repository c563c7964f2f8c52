/** Rows become prepared data: which are taken, what the stages make of them, and the files that hold them. */
package dev.temper.spark.preparing;
