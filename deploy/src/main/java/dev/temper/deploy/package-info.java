/** Builds the archive. */
package dev.temper.deploy;
