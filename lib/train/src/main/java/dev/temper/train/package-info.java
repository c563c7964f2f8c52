/** The training loop. */
package dev.temper.train;
