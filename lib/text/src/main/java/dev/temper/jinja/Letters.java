package dev.temper.jinja;

import java.util.Locale;
import java.util.function.IntPredicate;

/** Kinds and cases of letters as {@code str} sees them. */
final class Letters {
    private static final String CHINESE_NUMBERS = "〇零一二三四五六七八九十百千万億兆";

    private static final String OTHER_DIGITS = "²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉①②③④⑤⑥⑦⑧⑨⓪";

    private Letters() {}

    static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    /** Decimal digits, and the raised, lowered and circled ones. */
    static boolean isDigit(int point) {
        return Character.isDigit(point) || OTHER_DIGITS.indexOf(point) >= 0;
    }

    static boolean isNumeric(int point) {
        int type = Character.getType(point);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || CHINESE_NUMBERS.indexOf(point) >= 0;
    }

    private static boolean isCased(int point) {
        return Character.isUpperCase(point) || Character.isLowerCase(point) || Character.isTitleCase(point);
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean isInside = false;
        boolean hasCased = false;
        for (int point : text.codePoints().toArray()) {
            boolean isCased = isCased(point);
            if (isCased && isInside != Character.isLowerCase(point)) {
                return false;
            }
            hasCased |= isCased;
            isInside = isCased;
        }
        return hasCased;
    }

    static boolean isIdentifier(String text) {
        return !text.isEmpty()
                && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                && text.codePoints()
                        .allMatch(c -> c == '_'
                                || (Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c)));
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int rest = Character.charCount(text.codePointAt(0));
        return titled(text.codePointAt(0)) + text.substring(rest).toLowerCase(Locale.ROOT);
    }

    private static String titled(int point) {
        int title = Character.toTitleCase(point);
        String upper = Character.toString(point).toUpperCase(Locale.ROOT);
        return title == point && upper.length() > Character.charCount(point)
                ? upper.charAt(0) + upper.substring(1).toLowerCase(Locale.ROOT)
                : Character.toString(title);
    }

    static String title(String text) {
        StringBuilder title = new StringBuilder(text.length());
        boolean isInside = false;
        for (int point : text.codePoints().toArray()) {
            if (isInside) {
                title.appendCodePoint(Character.toLowerCase(point));
            } else {
                title.append(titled(point));
            }
            isInside = isCased(point);
        }
        return title.toString();
    }

    static String swapCase(String text) {
        StringBuilder swapped = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            String one = Character.toString(point);
            swapped.append(Character.isLowerCase(point) ? one.toUpperCase(Locale.ROOT) : one.toLowerCase(Locale.ROOT));
        });
        return swapped.toString();
    }
}
