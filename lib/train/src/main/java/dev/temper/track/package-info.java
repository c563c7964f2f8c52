/** What a run measures, and how it shows it on the console. */
package dev.temper.track;
