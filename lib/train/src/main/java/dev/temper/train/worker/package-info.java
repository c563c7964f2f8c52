/** One of those that train together: its share of an update, its passes, and how it waits for the others. */
package dev.temper.train.worker;
