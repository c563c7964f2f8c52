package dev.temper.train.config;

/** The optimizers, with the state that each stores per trained parameter. */
public enum Optim {
    /** 8 bytes: two float32 moments. */
    ADAMW,
    /** 2 bytes and block scales, as bitsandbytes stores them. */
    ADAMW_8BIT,
    /** A row and a column for each matrix, with the settings that transformers' Trainer uses. */
    ADAFACTOR,
    /** 4 bytes. Uses {@code adam_beta1} and {@code adam_beta2}. */
    LION,
    /** None: without momentum. */
    SGD
}
