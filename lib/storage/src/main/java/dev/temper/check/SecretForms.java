package dev.temper.check;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds one secret value in all the ways in which programs write it: as it is; percent-encoded once or twice, in full
 * or in part; escaped for JSON, Java, HTML or Markdown; in Base64, also inside a longer encoded text.
 */
final class SecretForms {
    private static final Map<Integer, String> HTML =
            Map.of((int) '&', "amp", (int) '<', "lt", (int) '>', "gt", (int) '"', "quot", (int) '\'', "#39|apos");
    private static final Map<Integer, String> SHORT_ESCAPES = Map.of((int) '\n', "n", (int) '\r', "r", (int) '\t', "t");
    private static final int SHORTEST = 8; // shortest Base64 text that is searched for; shorter ones may be words

    private final List<Form> forms = new ArrayList<>();

    SecretForms(String value) {
        forms.add(new Form(value, escaped(value)));
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, shifted, before, bytes.length);
            // The Base64 characters that depend on these bytes alone, whatever bytes stand before and after them.
            String inside = Base64.getEncoder()
                    .withoutPadding()
                    .encodeToString(shifted)
                    .substring((8 * before + 5) / 6, 8 * shifted.length / 6);
            if (inside.length() >= SHORTEST) {
                String regex = escaped(inside).replace("\\Q+\\E", "[+\\-]").replace("\\Q/\\E", "[/_]");
                forms.add(new Form(inside, regex));
            }
        }
    }

    /** Sets the bits of all characters that reveal the value. */
    void find(String text, BitSet told) {
        for (Form form : forms) {
            form.find(text, told);
        }
    }

    /**
     * One way of writing the value. Its longest part that no escaping changes is searched first, which rules out most
     * texts at once.
     */
    private static final class Form {
        private final String part;
        private final String regex;
        private volatile Pattern pattern;

        Form(String value, String regex) {
            this.part = Arrays.stream(value.split("[^A-Za-z0-9]+"))
                    .max(Comparator.comparingInt(String::length))
                    .orElse("");
            this.regex = regex;
        }

        void find(String text, BitSet told) {
            if (!text.contains(part)) {
                return;
            }
            if (pattern == null) {
                pattern = Pattern.compile(regex);
            }
            for (Matcher found = pattern.matcher(text); found.find(); ) {
                told.set(found.start(), found.end());
            }
        }
    }

    private static String escaped(String value) {
        StringBuilder form = new StringBuilder();
        value.codePoints().forEach(character -> form.append(escaped(character)));
        return form.toString();
    }

    private static String escaped(int character) {
        String text = Character.toString(character);
        if (character < 128 && Character.isLetterOrDigit(character)) {
            return text;
        }
        List<String> forms = new ArrayList<>(List.of("\\\\{0,3}" + Pattern.quote(text)));
        StringBuilder percent = new StringBuilder();
        for (byte part : text.getBytes(StandardCharsets.UTF_8)) {
            percent.append("%(?:25)*(?i:").append("%02x".formatted(part & 0xFF)).append(')');
        }
        forms.add(percent.toString());
        StringBuilder unicode = new StringBuilder();
        text.chars().forEach(unit -> unicode.append("\\\\+u(?i:")
                .append("%04x".formatted(unit))
                .append(')'));
        forms.add(unicode.toString());
        if (character == ' ') {
            forms.add("\\+");
        }
        if (HTML.containsKey(character)) {
            forms.add("&(?:" + HTML.get(character) + ");");
        }
        if (SHORT_ESCAPES.containsKey(character)) {
            forms.add("\\\\+" + SHORT_ESCAPES.get(character));
        }
        return "(?:" + String.join("|", forms) + ")";
    }
}
