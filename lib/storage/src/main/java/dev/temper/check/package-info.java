/** Typed errors and argument checks. */
package dev.temper.check;
