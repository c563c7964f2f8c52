package dev.temper.eval;

import java.io.Serializable;

/**
 * A prompt and the text that the model generated for it.
 *
 * @param step number of finished updates; 0 is before training
 * @param number index of the prompt among all prompts
 * @param text what was generated
 * @param expected the completion in the data; empty for prompts of the recipe
 */
public record Sample(long step, int number, String prompt, String text, String expected) implements Serializable {
    /**
     * Whether the generated text equals the expected one, leading and trailing white space aside. False when none is
     * expected.
     */
    public boolean isExact() {
        return hasExpected() && text.strip().equals(expected.strip());
    }

    public boolean hasExpected() {
        return !expected.isEmpty();
    }
}
