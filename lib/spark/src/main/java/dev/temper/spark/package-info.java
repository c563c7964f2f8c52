/** Stages of Spark ML: render, tokenize, classify and generate, in pipelines of others, too. */
package dev.temper.spark;
