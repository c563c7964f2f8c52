/** Metrics of a run, and their display on the console. */
package dev.temper.track;
