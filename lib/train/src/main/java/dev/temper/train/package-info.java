/** The training loop, its checkpoints and its events. */
package dev.temper.train;
