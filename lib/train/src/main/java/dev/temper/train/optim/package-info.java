/** Optimizers and their state. */
package dev.temper.train.optim;
