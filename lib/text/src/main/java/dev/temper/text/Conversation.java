package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.BAD_JSON;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_ROLE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The messages of a row as a chat template gets them.
 *
 * @param messages each with {@code role} and mostly {@code content}; no field is null
 * @param tools null when there are none, as templates expect
 */
record Conversation(List<Map<String, Object>> messages, List<?> tools) {
    static final String ASSISTANT = "assistant";
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final String ROLE = "role";
    private static final String CONTENT = "content";
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

    /** The field names of a message, and what its roles are called. */
    enum Dialect {
        MESSAGES,
        SHAREGPT
    }

    /** @throws RejectedRowException when the text is no list of messages with known roles */
    static Conversation read(String column, String messagesJson, String toolsJson, Dialect dialect) {
        if (!(json(column, messagesJson) instanceof List<?> list)) {
            throw new RejectedRowException(WRONG_TYPE, column + " holds no list of messages");
        }
        if (list.isEmpty()) {
            throw new RejectedRowException(EMPTY, "no message in " + column);
        }
        List<Map<String, Object>> messages = new ArrayList<>(list.size() + 1); // one more for a system message
        for (Object item : list) {
            messages.add(message(item, column + ", message " + (messages.size() + 1), dialect));
        }
        return new Conversation(messages, tools(toolsJson));
    }

    static Map<String, Object> message(String role, Object content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put(ROLE, role);
        message.put(CONTENT, content);
        return message;
    }

    /** The same with this system message in front, unless it has one. */
    Conversation withSystem(String text) {
        String first = role(0);
        if (text.isBlank() || first.equals("system") || first.equals("developer")) {
            return this;
        }
        List<Map<String, Object>> longer = new ArrayList<>(messages.size() + 1);
        longer.add(message("system", text));
        longer.addAll(messages);
        return new Conversation(longer, tools);
    }

    int size() {
        return messages.size();
    }

    String role(int message) {
        return (String) messages.get(message).get(ROLE);
    }

    boolean isAssistant(int message) {
        return role(message).equals(ASSISTANT);
    }

    int lastAssistant() {
        int last = messages.size() - 1;
        while (last >= 0 && !isAssistant(last)) {
            last--;
        }
        return last;
    }

    boolean isText(int message) {
        return messages.get(message).get(CONTENT) instanceof String;
    }

    /** Whether a message says nothing: no text, and no call of a tool. */
    boolean isEmpty(int message) {
        Map<String, Object> fields = messages.get(message);
        Object content = fields.get(CONTENT);
        boolean isSilent = content == null
                || (content instanceof String text && text.isBlank())
                || (content instanceof List<?> parts && parts.isEmpty());
        return isSilent && !fields.containsKey("tool_calls") && !fields.containsKey("function_call");
    }

    private static Map<String, Object> message(Object item, String place, Dialect dialect) {
        if (!(item instanceof Map<?, ?> fields)) {
            throw new RejectedRowException(WRONG_TYPE, place + " is no object with role and content");
        }
        Map<String, Object> message = new LinkedHashMap<>();
        message.put(ROLE, "");
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            message.put(name((String) field.getKey(), dialect), field.getValue());
        }
        message.put(ROLE, role(message.get(ROLE), place, dialect));
        Object content = message.get(CONTENT);
        if (content == null && !message.get(ROLE).equals(ASSISTANT)) {
            throw new RejectedRowException(NULL_VALUE, place + " has no content");
        }
        if (content != null && !(content instanceof String) && !(content instanceof List)) {
            throw new RejectedRowException(WRONG_TYPE, place + ": its content is neither a text nor a list of parts");
        }
        return message;
    }

    private static String name(String field, Dialect dialect) {
        if (dialect == Dialect.MESSAGES) {
            return field;
        }
        return field.equals("from") ? ROLE : field.equals("value") ? CONTENT : field;
    }

    private static String role(Object value, String place, Dialect dialect) {
        if (!(value instanceof String name)) {
            throw new RejectedRowException(WRONG_TYPE, place + ": its role is no text");
        }
        String role = dialect == Dialect.SHAREGPT ? SHAREGPT_ROLES.getOrDefault(name, name) : name;
        if (!ROLES.contains(role)) {
            String detail = name.isEmpty() ? " has no role" : " has the unknown role '" + name + "'";
            boolean isForeign = dialect == Dialect.MESSAGES && SHAREGPT_ROLES.containsKey(name);
            throw new RejectedRowException(
                    UNKNOWN_ROLE, place + detail + (isForeign ? "; data.format sharegpt knows it" : ""));
        }
        return role;
    }

    private static List<?> tools(String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        Object tools = json("tools", text);
        if (tools instanceof List<?> list) {
            return list.isEmpty() ? null : list;
        }
        throw new RejectedRowException(WRONG_TYPE, "tools is no list");
    }

    private static Object json(String column, String text) {
        try {
            Object value = JSON.readValue(text, Object.class);
            if (value instanceof String inner) { // a list that was written as JSON before it went into a JSON file
                value = JSON.readValue(inner, Object.class);
            }
            if (value == null) {
                throw new RejectedRowException(NULL_VALUE, "null in " + column);
            }
            dropNulls(value);
            return value;
        } catch (JsonProcessingException e) {
            throw new RejectedRowException(BAD_JSON, column + " is no valid JSON: " + e.getOriginalMessage());
        }
    }

    private static void dropNulls(Object value) {
        if (value instanceof Map<?, ?> fields) {
            for (Iterator<?> values = fields.values().iterator(); values.hasNext(); ) {
                Object field = values.next();
                if (Objects.isNull(field)) {
                    values.remove();
                } else {
                    dropNulls(field);
                }
            }
        } else if (value instanceof List<?> items) {
            for (Object item : items) {
                dropNulls(item);
            }
        }
    }
}
