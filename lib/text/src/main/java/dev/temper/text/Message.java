package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_ROLE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * One message of a row.
 *
 * @param fields as a chat template reads them: {@code role}, usually {@code content}, without null values
 * @param isLearned false if the message has {@code weight: 0} or {@code train: false}, which excludes it from the loss
 */
record Message(Map<String, Object> fields, boolean isLearned) {
    static final String ASSISTANT = "assistant";
    static final String ROLE = "role";
    static final String CONTENT = "content";
    static final String REASONING = "reasoning_content";
    static final String THINKING = "thinking";

    private static final Set<String> ROLES =
            Set.of("system", "developer", "user", ASSISTANT, "tool", "function", "ipython");
    private static final Map<String, String> SHAREGPT_ROLES = Map.ofEntries(
            Map.entry("human", "user"),
            Map.entry("gpt", ASSISTANT),
            Map.entry("chatgpt", ASSISTANT),
            Map.entry("bing", ASSISTANT),
            Map.entry("bard", ASSISTANT),
            Map.entry("model", ASSISTANT),
            Map.entry("function_call", ASSISTANT),
            Map.entry("observation", "tool"),
            Map.entry("function", "tool"),
            Map.entry("function_response", "tool"));
    /** Names used by OpenAI and older ShareGPT data, and by Axolotl. */
    private static final List<String> LEARNED = List.of("weight", "train", "training");
    /** Axolotl's character ranges within a message. */
    private static final List<String> DETAILS = List.of("train_detail", "training_detail");

    /** The field names of messages and the names of their roles. */
    enum Layout {
        MESSAGES,
        SHAREGPT,
        /** Determined for each message. */
        EITHER;

        private Layout of(Map<?, ?> message) {
            return this != EITHER ? this : message.containsKey("from") ? SHAREGPT : MESSAGES;
        }
    }

    static Map<String, Object> of(String role, Object content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put(ROLE, role);
        message.put(CONTENT, content);
        return message;
    }

    /**
     * Reads a message as transformers 5 passes it to a template: without null fields, and with its reasoning under the
     * names that templates read.
     *
     * @throws RejectedRowException when its role is unknown, or a field has the wrong type
     */
    static Message read(Map<?, ?> object, String place, Layout wanted) {
        Layout layout = wanted.of(object);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put(ROLE, "");
        object.forEach((name, value) -> fields.put(name((String) name, layout), value));
        fields.values().removeIf(Objects::isNull);
        fields.put(ROLE, role(fields.getOrDefault(ROLE, ""), place, layout));
        Object content = fields.get(CONTENT);
        if (content == null && !fields.get(ROLE).equals(ASSISTANT)) {
            throw new RejectedRowException(NULL_VALUE, place + " has no content");
        }
        if (content != null && !(content instanceof String) && !(content instanceof List)) {
            throw new RejectedRowException(WRONG_TYPE, place + ": its content is neither a text nor a list of parts");
        }
        boolean isLearned = takeLearned(fields, place);
        return new Message(withReasoning(fields), isLearned);
    }

    private static String name(String field, Layout layout) {
        if (layout == Layout.MESSAGES) {
            return field;
        }
        return field.equals("from") ? ROLE : field.equals("value") ? CONTENT : field;
    }

    private static String role(Object value, String place, Layout layout) {
        if (!(value instanceof String name)) {
            throw new RejectedRowException(WRONG_TYPE, place + ": its role is no text");
        }
        String role = layout == Layout.SHAREGPT ? SHAREGPT_ROLES.getOrDefault(name, name) : name;
        if (!ROLES.contains(role)) {
            String detail = name.isEmpty() ? " has no role" : " has the unknown role '" + name + "'";
            boolean isForeign = layout == Layout.MESSAGES && SHAREGPT_ROLES.containsKey(name);
            throw new RejectedRowException(
                    UNKNOWN_ROLE, place + detail + (isForeign ? "; data.format sharegpt knows it" : ""));
        }
        return role;
    }

    /**
     * Removes the fields about training, which templates must not see, and returns whether the message counts in the
     * loss.
     */
    private static boolean takeLearned(Map<String, Object> fields, String place) {
        boolean isLearned = true;
        for (String name : LEARNED) {
            Object value = fields.remove(name);
            if (value != null) {
                boolean says = isYes(value, place + ": " + name);
                boolean isQuestion = !fields.get(ROLE).equals(ASSISTANT);
                if (says && isQuestion && !name.equals("weight")) {
                    throw new RejectedRowException(
                            WRONG_TYPE,
                            place + ": " + name + " is true, but only answers of the assistant are learned");
                }
                isLearned &= says;
            }
        }
        for (String name : DETAILS) {
            Object value = fields.remove(name);
            if (value != null && !(value instanceof Collection<?> parts && parts.isEmpty())) {
                throw new RejectedRowException(
                        WRONG_TYPE, place + ": " + name + " is not supported; a message is learned as a whole or not");
            }
        }
        return isLearned;
    }

    private static boolean isYes(Object value, String place) {
        if (value instanceof Boolean says) {
            return says;
        }
        double number = value instanceof Number given ? given.doubleValue() : Double.NaN;
        if (number != 0 && number != 1) {
            throw new RejectedRowException(WRONG_TYPE, place + " is neither 0 nor 1, false nor true");
        }
        return number == 1;
    }

    /** Fills both names of the reasoning, the standard one and that of gpt-oss, as transformers 5 does. */
    private static Map<String, Object> withReasoning(Map<String, Object> fields) {
        Object reasoning = null;
        for (String name : List.of(REASONING, THINKING, "reasoning")) {
            reasoning = reasoning == null ? fields.get(name) : reasoning;
        }
        if (reasoning == null) {
            return fields;
        }
        Map<String, Object> aliased = new LinkedHashMap<>();
        aliased.put(THINKING, reasoning);
        aliased.putAll(fields);
        aliased.put(REASONING, reasoning);
        return aliased;
    }
}
