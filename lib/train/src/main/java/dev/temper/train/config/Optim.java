package dev.temper.train.config;

/** The update rule, by what it keeps for each trained parameter. */
public enum Optim {
    /** 8 bytes. */
    ADAMW,
    /** 2 bytes, as bitsandbytes'. */
    ADAMW_8BIT,
    /** A row and a column for each matrix, as transformers' Trainer runs it. */
    ADAFACTOR,
    /** 4 bytes; takes {@code adam_beta1} and {@code adam_beta2}. */
    LION,
    /** Nothing: without momentum. */
    SGD
}
