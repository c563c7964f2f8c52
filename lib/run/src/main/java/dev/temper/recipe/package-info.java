/** The recipe: its keys, its YAML, what makes two the same, and the base model that it names. */
package dev.temper.recipe;
