package dev.temper.report;

import dev.temper.check.Printable;
import java.util.Base64;
import java.util.List;

/** Builds an HTML page that is well-formed XML, too: every tag is closed and every text is escaped. */
final class Html {
    private final StringBuilder page = new StringBuilder();

    /**
     * Escapes characters that have a meaning in HTML; invisible and bidirectional control characters are written out.
     */
    static String escaped(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        Printable.lines(text).codePoints().forEach(character -> {
            switch (character) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.appendCodePoint(character);
            }
        });
        return safe.toString();
    }

    /** Appends markup of our own, never text from outside. */
    Html markup(String markup) {
        page.append(markup).append('\n');
        return this;
    }

    Html element(String tag, String text) {
        page.append('<').append(tag).append('>').append(escaped(text));
        page.append("</").append(tag).append(">\n");
        return this;
    }

    /** Appends a table of two columns: names and values. */
    Html pairs(List<List<String>> rows) {
        page.append("<table class=\"pairs\"><tbody>\n");
        for (List<String> row : rows) {
            page.append("<tr>").append("<th scope=\"row\">").append(escaped(row.get(0)));
            page.append("</th><td>").append(escaped(row.get(1))).append("</td></tr>\n");
        }
        page.append("</tbody></table>\n");
        return this;
    }

    /**
     * @param style {@code numbers} when all cells but the first are numbers, {@code texts} when line breaks in cells
     *     are preserved
     */
    Html table(String style, List<String> headers, List<List<String>> rows) {
        page.append("<div class=\"wide\"><table class=\"").append(style).append("\"><thead><tr>");
        headers.forEach(header ->
                page.append("<th scope=\"col\">").append(escaped(header)).append("</th>"));
        page.append("</tr></thead><tbody>\n");
        for (List<String> row : rows) {
            page.append("<tr>");
            row.forEach(cell -> page.append("<td>").append(escaped(cell)).append("</td>"));
            page.append("</tr>\n");
        }
        page.append("</tbody></table></div>\n");
        return this;
    }

    Html picture(Picture picture) {
        page.append("<img width=\"").append(Canvas.WIDTH).append("\" height=\"").append(Canvas.HEIGHT);
        page.append("\" alt=\"").append(escaped(picture.title())).append("\" src=\"data:image/png;base64,");
        page.append(Base64.getEncoder().encodeToString(picture.png())).append("\"/>\n");
        return this;
    }

    @Override
    public String toString() {
        return page.toString();
    }
}
