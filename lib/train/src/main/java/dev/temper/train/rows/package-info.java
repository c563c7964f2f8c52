/** Rows in mapped files, and in which order updates take them. */
package dev.temper.train.rows;
