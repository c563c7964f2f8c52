/** A first recipe from a base and a table: looks at both, chooses, and says why. */
package dev.temper.run.draft;
