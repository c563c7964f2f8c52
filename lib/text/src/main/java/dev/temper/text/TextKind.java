package dev.temper.text;

/** The kind of a row's text, which determines the special tokens that are added. */
public enum TextKind {
    /** Rendered by a chat template: it contains all special tokens, and none are added. */
    CHAT,
    /** The tokens of the tokenizer's post-processor, then the end token. */
    PLAIN,
    /** The tokens of the tokenizer's post-processor; no token is in the loss. */
    CLASSIFIED
}
