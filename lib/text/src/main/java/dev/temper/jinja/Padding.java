package dev.temper.jinja;

/** Strings filled up to a width. */
final class Padding {
    private Padding() {}

    /** {@code ljust}, {@code rjust} and {@code center}: arguments are the width and perhaps what fills. */
    static String pad(RenderState state, String text, Object[] arguments, char align) {
        String fill = arguments[1] == null ? " " : Values.requireText(arguments[1]);
        if (Text.length(fill) != 1) {
            throw TemplateException.type("the fill character must be exactly one character long");
        }
        return pad(state, text, Values.requireSize(arguments[0]), fill, align);
    }

    static String pad(RenderState state, String text, int width, String fill, char align) {
        int missing = width - Text.length(text);
        if (missing <= 0) {
            return text;
        }
        state.chars(text.length() + (long) missing * fill.length());
        int left =
                switch (align) {
                    case '<' -> 0;
                    case '>' -> missing;
                    default -> missing / 2 + (missing & width & 1);
                };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static String zeros(RenderState state, String text, int width) {
        boolean isSigned = text.startsWith("-") || text.startsWith("+");
        String digits = isSigned ? text.substring(1) : text;
        return (isSigned ? text.substring(0, 1) : "") + pad(state, digits, isSigned ? width - 1 : width, "0", '>');
    }

    static String expandTabs(RenderState state, String text, int size) {
        StringBuilder expanded = new StringBuilder(text.length());
        int column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                int blanks = size > 0 ? size - column % size : 0;
                state.chars(blanks);
                expanded.append(" ".repeat(blanks));
                column += blanks;
            } else {
                expanded.append(c);
                column = c == '\n' || c == '\r' ? 0 : column + (Character.isLowSurrogate(c) ? 0 : 1);
            }
        }
        return expanded.toString();
    }
}
