/** Evaluation of models: answers to prompts, and scores of classifiers. */
package dev.temper.eval;
