/**
 * Training on a cluster: checks before it starts, the barrier stage, its ring of workers, and the driver's connections.
 */
package dev.temper.spark.cluster;
