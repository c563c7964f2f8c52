/**
 * Reports of a run: charts, an HTML page, a model card. These classes format what they are given and measure nothing.
 */
package dev.temper.report;
