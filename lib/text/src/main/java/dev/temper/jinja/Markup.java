package dev.temper.jinja;

/** A string that is marked as safe HTML; what is joined to it is escaped. */
record Markup(String text) {
    static Markup escape(Object value, RenderState state) {
        if (value instanceof Markup markup) {
            return markup;
        }
        String text = Values.text(value, state);
        int grown = 0;
        for (int i = 0; i < text.length(); i++) {
            grown += "&<>'\"".indexOf(text.charAt(i)) < 0 ? 1 : 5;
        }
        state.chars(grown);
        StringBuilder escaped = new StringBuilder(grown);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '\'' -> escaped.append("&#39;");
                case '"' -> escaped.append("&#34;");
                default -> escaped.append(c);
            }
        }
        return new Markup(escaped.toString());
    }

    @Override
    public String toString() {
        return text;
    }
}
