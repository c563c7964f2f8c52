/** What a model is worth: loss on held-out rows, answers to prompts, scores of a classifier. */
package dev.temper.eval;
