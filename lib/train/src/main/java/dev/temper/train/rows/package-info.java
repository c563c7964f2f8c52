/** Rows in memory-mapped files, and the order in which updates take them. */
package dev.temper.train.rows;
