package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.BAD_JSON;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Printable;
import dev.temper.text.Message.Layout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The messages of a row, as a chat template reads them.
 *
 * @param messages each with {@code role} and usually {@code content}; without null fields
 * @param tools null if there are none, as templates expect
 * @param variables the row's own {@code chat_template_kwargs}
 * @param completion index of the first message that is not part of the prompt; -1 if the row does not say
 * @param unlearned indexes of messages that exclude themselves from the loss
 */
record Conversation(
        List<Map<String, Object>> messages,
        List<?> tools,
        Map<String, Object> variables,
        int completion,
        Set<Integer> unlearned) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    static Conversation of(List<Map<String, Object>> messages) {
        return new Conversation(messages, null, Map.of(), -1, Set.of());
    }

    /** A conversation of one question and its answer. */
    static Conversation of(String question, String answer) {
        return of(List.of(Message.of("user", question), Message.of(Message.ASSISTANT, answer)));
    }

    /** @throws RejectedRowException when the text is no list of messages with known roles */
    static Conversation read(String column, String json, Layout layout) {
        if (!(json(column, json) instanceof List<?> list)) {
            throw new RejectedRowException(WRONG_TYPE, column + " holds no list of messages");
        }
        if (list.isEmpty()) {
            throw new RejectedRowException(EMPTY, "no message in " + column);
        }
        List<Map<String, Object>> messages = new ArrayList<>(list.size() + 1); // one more for a system message
        Set<Integer> unlearned = new TreeSet<>();
        for (Object item : list) {
            String place = column + ", message " + (messages.size() + 1);
            Message message = Message.read(object(item, place + " is no object with role and content"), place, layout);
            if (!message.isLearned()) {
                unlearned.add(messages.size());
            }
            messages.add(message.fields());
        }
        return new Conversation(messages, null, Map.of(), -1, unlearned);
    }

    /** A copy with the messages of another conversation appended as the completion. */
    Conversation completedBy(Conversation answer) {
        List<Map<String, Object>> longer = new ArrayList<>(messages);
        longer.addAll(answer.messages);
        Set<Integer> all = new TreeSet<>(unlearned);
        answer.unlearned.forEach(message -> all.add(message + messages.size()));
        return new Conversation(longer, tools, variables, messages.size(), all);
    }

    /** A copy that begins with this system message, unless it already has one. */
    Conversation withSystem(String text) {
        String first = role(0);
        if (text.isBlank() || first.equals("system") || first.equals("developer")) {
            return this;
        }
        List<Map<String, Object>> longer = new ArrayList<>(messages.size() + 1);
        longer.add(Message.of("system", text));
        longer.addAll(messages);
        Set<Integer> moved = new TreeSet<>();
        unlearned.forEach(message -> moved.add(message + 1));
        return new Conversation(longer, tools, variables, completion < 0 ? -1 : completion + 1, moved);
    }

    /**
     * A copy with tools.
     *
     * @param json list of JSON Schemas, each an object or a text that contains one; null, blank or empty: none
     */
    Conversation withTools(String column, String json) {
        Object value = json == null || json.isBlank() ? null : parsed(column, json);
        if (!(Objects.requireNonNullElse(value, List.of()) instanceof List<?> list)) {
            throw new RejectedRowException(WRONG_TYPE, column + " is no list");
        }
        List<Object> schemas = new ArrayList<>();
        for (Object item : list) {
            String place = column + ", tool " + (schemas.size() + 1);
            schemas.add(object(item, place + " is no object but " + kind(item) + "; a JSON Schema is wanted"));
        }
        return new Conversation(messages, schemas.isEmpty() ? null : schemas, variables, completion, unlearned);
    }

    /** A copy with template variables, as in TRL's column {@code chat_template_kwargs}. */
    Conversation withVariables(String column, String json) {
        Object value = json == null || json.isBlank() ? null : parsed(column, json);
        if (!(Objects.requireNonNullElse(value, Map.of()) instanceof Map<?, ?> fields)) {
            throw new RejectedRowException(WRONG_TYPE, column + " holds no object but " + kind(value));
        }
        Map<String, Object> own = new LinkedHashMap<>();
        fields.forEach((name, variable) -> own.put((String) name, variable));
        for (String name : TemplateVariables.TAKEN) {
            if (own.containsKey(name)) {
                throw new RejectedRowException(WRONG_TYPE, column + " sets " + name + ", which no row can");
            }
        }
        return new Conversation(messages, tools, own, completion, unlearned);
    }

    /** The same without the assistant's last message, where nothing follows it. */
    Conversation unanswered() {
        int last = messages.size() - 1;
        return isAssistant(last) ? new Conversation(messages.subList(0, last), tools, variables, -1, Set.of()) : this;
    }

    int size() {
        return messages.size();
    }

    String role(int message) {
        return (String) messages.get(message).get(Message.ROLE);
    }

    boolean isAssistant(int message) {
        return role(message).equals(Message.ASSISTANT);
    }

    boolean isLearned(int message) {
        return !unlearned.contains(message);
    }

    int lastAssistant() {
        int last = messages.size() - 1;
        while (last >= 0 && !isAssistant(last)) {
            last--;
        }
        return last;
    }

    boolean isText(int message) {
        return messages.get(message).get(Message.CONTENT) instanceof String;
    }

    /** Whether a message has neither text nor a tool call. */
    boolean isEmpty(int message) {
        Map<String, Object> fields = messages.get(message);
        Object content = fields.get(Message.CONTENT);
        boolean isSilent = content == null
                || (content instanceof String text && text.isBlank())
                || (content instanceof List<?> parts && parts.isEmpty());
        boolean calls = fields.get("tool_calls") instanceof Collection<?> list ? !list.isEmpty() : false;
        return isSilent && !calls && !fields.containsKey("function_call");
    }

    /** The object itself, or the object in a JSON text. */
    private static Map<?, ?> object(Object item, String otherwise) {
        Object value = item;
        if (item instanceof String text && text.strip().startsWith("{")) {
            try {
                value = JSON.readValue(text, Object.class);
            } catch (JsonProcessingException e) {
                throw new RejectedRowException(
                        BAD_JSON, otherwise + ": " + Printable.parserMessage(e.getOriginalMessage()));
            }
        }
        if (value instanceof Map<?, ?> fields) {
            return fields;
        }
        throw new RejectedRowException(WRONG_TYPE, otherwise);
    }

    private static String kind(Object value) {
        return value == null
                ? "null"
                : value instanceof String
                        ? "a text"
                        : value instanceof List
                                ? "a list"
                                : value instanceof Map
                                        ? "an object"
                                        : value instanceof Boolean ? "a boolean" : "a number";
    }

    private static Object json(String column, String text) {
        Object value = parsed(column, text);
        if (value == null) {
            throw new RejectedRowException(NULL_VALUE, "null in " + column);
        }
        return value;
    }

    /** Null values stay as they are: {@code "default": null} has a meaning in a schema. */
    private static Object parsed(String column, String text) {
        try {
            Object value = JSON.readValue(text, Object.class);
            if (value instanceof String inner) { // JSON text inside a JSON file
                value = JSON.readValue(inner, Object.class);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new RejectedRowException(
                    BAD_JSON, column + " is no valid JSON: " + Printable.parserMessage(e.getOriginalMessage()));
        }
    }
}
