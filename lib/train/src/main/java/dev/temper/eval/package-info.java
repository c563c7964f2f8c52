/** What a model is worth: loss on held-out rows, answers to prompts. */
package dev.temper.eval;
