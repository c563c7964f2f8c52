package dev.temper.text;

/** What the text of a row is, which decides the tokens around it. */
public enum TextKind {
    /** Written by a chat template, special tokens and all: nothing is added. */
    CHAT,
    /** What the tokenizer's post-processor adds, then the end token. */
    PLAIN,
    /** What the tokenizer's post-processor adds; what is learned is about the text, and no token. */
    CLASSIFIED,
    /** Two texts, put together by the tokenizer's post-processor; as {@link #CLASSIFIED}. */
    PAIR;

    /** Whether no token is learned. */
    public boolean isClassified() {
        return this == CLASSIFIED || this == PAIR;
    }
}
