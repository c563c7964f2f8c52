package dev.temper.run;

import dev.temper.train.ProgressListener;
import java.util.Locale;

/**
 * Hears what a run has to say, besides how far its training is. What a listener does not override, it does not hear.
 */
public interface RunListener extends ProgressListener {
    /** What is done, or was found; a sentence without secrets. */
    default void said(String sentence) {}

    /** Training has ended, and what was trained is written. */
    default void trained() {}

    /** {@link #said} with a format of {@link String#format}. */
    default void say(String format, Object... arguments) {
        said(String.format(Locale.ROOT, format, arguments));
    }

    /** Hears nothing. */
    static RunListener silent() {
        return new RunListener() {};
    }
}
