package dev.temper.run.draft;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.check.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A recipe as people write one: keys in their order, each with the reason for its value. */
final class RecipeText {
    private static final int WIDTH = 110;
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_./][A-Za-z0-9_./-]*");
    /** Words that YAML takes for something else than a text. */
    private static final Set<String> WORDS = Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n");

    private final StringBuilder text = new StringBuilder();
    private String indent = "";

    /** A comment of its own. */
    RecipeText comment(String sentence) {
        List<String> lines = wrapped(Printable.masked(sentence), WIDTH - indent.length() - 2);
        lines.forEach(line ->
                text.append(indent).append(("# " + line).stripTrailing()).append('\n'));
        return this;
    }

    RecipeText section(String name) {
        text.append('\n').append(name).append(":\n");
        indent = "  ";
        return this;
    }

    /** What follows stands at the top level, behind an empty line. */
    RecipeText top() {
        text.append('\n');
        indent = "";
        return this;
    }

    /** @param why stands beside the value where there is room, else above it; empty: nothing */
    RecipeText key(String name, Object value, String why) {
        String line = indent + name + ": " + yaml(value);
        String reason = Printable.masked(why);
        if (reason.isEmpty()) {
            text.append(line).append('\n');
        } else if (line.length() + reason.length() + 4 <= WIDTH) {
            text.append("%-32s  # %s\n".formatted(line, reason));
        } else {
            comment(reason);
            text.append(line).append('\n');
        }
        return this;
    }

    /** A value on one line. */
    static String yaml(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(RecipeText::yaml).collect(Collectors.joining(", ", "[", "]"));
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> yaml(entry.getKey()) + ": " + yaml(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        if (!(value instanceof String word)) {
            return String.valueOf(value).replace("E-", "e-"); // of a number
        }
        boolean isPlain = PLAIN.matcher(word).matches() && !WORDS.contains(word.toLowerCase(Locale.ROOT));
        return isPlain ? word : TextNode.valueOf(word).toString(); // what is JSON is YAML
    }

    /** Words at the beginning of a line keep what stands before them. */
    private static List<String> wrapped(String sentence, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : sentence.split(" ")) {
            if (line.length() > 0 && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.length() == 0 ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
