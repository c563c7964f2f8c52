/** Rows as a model will see them, token by token. */
package dev.temper.run.preview;
