package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_LABEL;

import java.util.List;

/** The class of a row, by its name or its number; carried as its number. */
final class ClassLabel implements LabelFormat {
    private static final int SHOWN = 80; // characters

    @Override
    public int[] read(String value, List<String> labels, String column) {
        String label = value.strip();
        if (!labels.contains(label)) {
            label = label.replaceFirst("(?<=\\d)\\.0+$", ""); // what pandas makes of integers with nulls beside them
        }
        int number = labels.indexOf(label);
        boolean areNumbered = labels.stream().noneMatch(ClassLabel::isNumber); // else 0 of 1 to 5 would be the class 1
        if (number < 0 && areNumbered && isNumber(label)) {
            number = Integer.parseInt(label);
        }
        if (number < 0 || number >= labels.size()) {
            throw new RejectedRowException(
                    UNKNOWN_LABEL,
                    "'%s' in %s is %s one of the labels %s%s"
                            .formatted(
                                    shortened(label),
                                    column,
                                    areNumbered ? "neither" : "not",
                                    shortened(String.join(", ", labels)),
                                    areNumbered ? " nor a number from 0 to " + (labels.size() - 1) : ""));
        }
        return new int[] {number};
    }

    @Override
    public String text(int[] words, List<String> labels) {
        return labels.get(words[0]);
    }

    @Override
    public String name() {
        return "class";
    }

    @Override
    public void verify(List<String> labels) {
        check(!labels.isEmpty(), "data.format classification needs the names of the classes as model.labels");
    }

    private static boolean isNumber(String label) {
        return label.matches("\\d{1,9}");
    }

    private static String shortened(String text) {
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
    }
}
