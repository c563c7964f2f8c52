package dev.temper.train.worker;

import dev.temper.check.FailedRunException;
import java.util.Locale;

/** A row that does not fit into a worker's memory even in a pass of its own. */
public final class TooLongRowException extends FailedRunException {
    private final int tokens;

    TooLongRowException(int tokens, Throwable cause) {
        super(
                String.format(
                        Locale.ROOT,
                        "out of memory: a row of %,d tokens does not fit by itself; set"
                                + " training.gradient_checkpointing: true, a smaller data.max_length or"
                                + " model.quantization, or give the worker more memory",
                        tokens),
                cause);
        this.tokens = tokens;
    }

    /** Number of tokens of the row. */
    public int tokens() {
        return tokens;
    }
}
