/** Finds the files of a location, decompresses them, and splits them into slices. */
package dev.temper.spark.source;
