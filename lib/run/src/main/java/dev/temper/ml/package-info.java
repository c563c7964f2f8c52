/** Spark ML's face: an estimator that fine-tunes a language model on a DataFrame, its model, and an evaluator. */
package dev.temper.ml;
