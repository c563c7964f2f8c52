package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import java.util.List;

/** The number of a row, carried as the bits of a float32. */
public final class NumberLabel implements LabelFormat {
    private static final String NUMBER = "[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?";
    private static final int SHOWN = 80; // characters

    /** The number that words say. */
    public static float number(int[] words) {
        return Float.intBitsToFloat(words[0]);
    }

    @Override
    public int[] read(String value, List<String> labels, String column) {
        String text = value.strip();
        float number = text.matches(NUMBER) ? Float.parseFloat(text) : Float.NaN;
        if (!Float.isFinite(number)) {
            throw new RejectedRowException(
                    WRONG_TYPE,
                    "'%s' in %s is no number that can be learned: write one such as 3.5"
                            .formatted(text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text, column));
        }
        return new int[] {Float.floatToRawIntBits(number)};
    }

    @Override
    public String text(int[] words, List<String> labels) {
        return String.valueOf(number(words));
    }

    @Override
    public String name() {
        return "number";
    }
}
