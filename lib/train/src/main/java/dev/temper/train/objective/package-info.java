/** What a run learns and is measured by. */
package dev.temper.train.objective;
