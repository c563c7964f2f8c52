/** Continuing text: key/value cache, sampling, stop tokens. */
package dev.temper.generate;
