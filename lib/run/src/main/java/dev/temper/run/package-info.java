/** One run as an object: training, evaluation, preparation, merging; for commands, programs and notebooks. */
package dev.temper.run;
