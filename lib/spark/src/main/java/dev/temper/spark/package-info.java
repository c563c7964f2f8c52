/** Spark ML stages that render, tokenize, classify and generate text; usable in any pipeline. */
package dev.temper.spark;
