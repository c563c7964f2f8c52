package dev.temper.text;

/** The kind of a row's text, which determines the special tokens that are added. */
public enum TextKind {
    /** Rendered by a chat template: it contains all special tokens, and none are added. */
    CHAT,
    /** The tokens of the tokenizer's post-processor, then the end token. */
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
