/** The Gemma family. */
package dev.temper.model.gemma;
