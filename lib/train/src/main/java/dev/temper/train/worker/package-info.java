/** A worker's part in training: its share of an update, its passes, and the coordination with the other workers. */
package dev.temper.train.worker;
