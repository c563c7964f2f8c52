package dev.temper.inference;

import static dev.temper.check.Check.check;

import dev.temper.model.Architecture;
import dev.temper.text.Tokenizer;

/**
 * Two texts that are classified together, as a question and an answer.
 *
 * @param text the first, {@code text} in training
 * @param pair the second, {@code text_pair} in training
 */
public record TextPair(String text, String pair) {
    /** @throws dev.temper.check.InvalidInputException when nothing tells a model where the second text begins */
    public static void verify(Tokenizer tokenizer, Architecture architecture) {
        check(
                tokenizer.dividesPairs() || (architecture.hasTokenTypes() && tokenizer.typesPairs()),
                "the tokenizer puts nothing between two texts, and a %s model has no token types: it could not tell"
                        + " them apart; name a base whose tokenizer divides them",
                architecture.modelType());
    }
}
