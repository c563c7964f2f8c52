/** Update rules and their state. */
package dev.temper.train.optim;
