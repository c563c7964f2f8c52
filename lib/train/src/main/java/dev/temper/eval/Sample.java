package dev.temper.eval;

import java.io.Serializable;

/**
 * A prompt and what the model made of it.
 *
 * @param step finished updates; 0 is before training
 * @param number of the prompt among all of them, from 0
 * @param expected what the data says; empty when there is no such row
 */
public record Sample(long step, int number, String prompt, String text, String expected) implements Serializable {
    /** True when there is an expected answer and this is it, white space at both ends aside. */
    public boolean isExact() {
        return hasExpected() && text.strip().equals(expected.strip());
    }

    public boolean hasExpected() {
        return !expected.isEmpty();
    }
}
