package dev.temper.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Takes credentials out of what is written or printed. */
final class Secrets {
    private static final String MASK = "***";
    private static final Set<String> HARMLESS =
            Set.of("max_new_tokens", "micro_batch_tokens", "add_tokens", "trainable_token_indices");
    private static final String WORDS = "secret|password|passwd|token|credential|access_?key|api_?key|account_?key";
    private static final Pattern KEY = Pattern.compile(WORDS, Pattern.CASE_INSENSITIVE);

    // scheme://user:password@ ; a port before a path with an @ is none, and a password may hold slashes.
    private static final Pattern PASSWORD = Pattern.compile("(://)[^/@\\s:]*:(?!\\d*/)[^@\\s]*@");
    // scheme://user@ ; of Azure's schemes this is the container.
    private static final Pattern USER = Pattern.compile("(?<!\\b(?:abfss?|wasbs?))(://)[^/@\\s:]+@");
    private static final Pattern PARAMETER = Pattern.compile(
            "([?&](?:[^=&\\s]*(?:" + WORDS + "|signature)[^=&\\s]*|sig)=)[^&\\s]*", Pattern.CASE_INSENSITIVE);

    private Secrets() {}

    /** A copy in which values of keys that sound secret are masked, and so are credentials inside locations. */
    static JsonNode remove(JsonNode tree) {
        if (tree.isTextual()) {
            return TextNode.valueOf(remove(tree.textValue()));
        }
        JsonNode copy = tree.deepCopy();
        if (copy instanceof ObjectNode section) {
            for (String key : List.copyOf(
                    section.properties().stream().map(e -> e.getKey()).toList())) {
                boolean isSecret = !HARMLESS.contains(key) && KEY.matcher(key).find();
                section.set(key, isSecret ? TextNode.valueOf(MASK) : remove(section.get(key)));
            }
        } else if (copy instanceof ArrayNode items) {
            for (int i = 0; i < items.size(); i++) {
                items.set(i, remove(items.get(i)));
            }
        }
        return copy;
    }

    /** The text without the credentials of locations in it. */
    static String remove(String text) {
        if (!text.contains("://")) {
            return text;
        }
        String withoutPassword = PASSWORD.matcher(text).replaceAll("$1");
        String withoutUser = USER.matcher(withoutPassword).replaceAll("$1");
        return PARAMETER.matcher(withoutUser).replaceAll("$1" + MASK);
    }
}
