/**
 * Workers side by side on a cluster: a barrier stage, the ring that they form, and what is asked of a cluster before.
 */
package dev.temper.spark.cluster;
