/** Typed exceptions, argument checks, and masking of secrets and control characters in all output. */
package dev.temper.check;
