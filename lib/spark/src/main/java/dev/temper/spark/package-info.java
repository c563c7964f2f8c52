/** Spark: reading, preparing, barrier training. */
package dev.temper.spark;
