/** Weights and optimizer states in 4 and 8 bits, as bitsandbytes quantizes them. */
package dev.temper.quant;
