package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.TEMPLATE;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Detects which parts of answers a chat template leaves out: tool calls, text next to them, and reasoning. In a copy of
 * the conversation each part is replaced by a marker, and the rendered copy is searched for the markers.
 */
final class AnswerParts {
    private static final String THOUGHT_ENDS = "</think>";
    private static final List<String> CALLS = List.of("tool_calls", "function_call");

    /** Kinds of parts. */
    private enum Kind {
        CALL,
        TEXT,
        THOUGHT
    }

    /**
     * A part of an answer.
     *
     * @param text the original text, without the marker
     */
    private record Part(int message, Kind kind, String mark, String text) {}

    private final List<Part> parts = new ArrayList<>();
    private final List<Map<String, Object>> marked = new ArrayList<>();

    private AnswerParts() {}

    static AnswerParts of(Conversation conversation) {
        AnswerParts answers = new AnswerParts();
        for (int i = 0; i < conversation.size(); i++) {
            Map<String, Object> message = conversation.messages().get(i);
            answers.marked.add(conversation.isAssistant(i) && hasParts(message) ? answers.marked(message) : message);
        }
        return answers;
    }

    /** Whether all answers are plain texts. */
    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** The conversation with markers. */
    List<Map<String, Object>> marked() {
        return marked;
    }

    /**
     * Whether reasoning, or text next to a tool call, is left out.
     *
     * @param text of the rendered conversation
     * @param probe rendering of {@link #marked}; empty when the template rejects it
     * @throws RejectedRowException when a tool call is left out, as the answer would be a different one
     */
    boolean areLeftOut(String text, Optional<String> probe) {
        boolean areLeftOut = false;
        for (Part part : parts) {
            boolean isWritten = probe.map(other -> other.contains(part.mark()))
                    .orElseGet(() -> text.contains(part.text().strip()));
            if (!isWritten && part.kind() == Kind.CALL) {
                throw new RejectedRowException(
                        TEMPLATE,
                        ("the template leaves out the call of %s in message %d: take one that writes tool_calls as"
                                        + " data.chat_template")
                                .formatted(part.text(), part.message() + 1));
            }
            areLeftOut |= !isWritten;
        }
        return areLeftOut;
    }

    private static boolean hasParts(Map<String, Object> message) {
        return CALLS.stream().anyMatch(message::containsKey)
                || message.containsKey(Message.REASONING)
                || (message.get(Message.CONTENT) instanceof String text && text.contains(THOUGHT_ENDS));
    }

    private Map<String, Object> marked(Map<String, Object> message) {
        Map<String, Object> copy = new LinkedHashMap<>(message);
        for (String name : CALLS) {
            copy.computeIfPresent(name, (field, calls) -> call(calls));
        }
        if (message.get(Message.REASONING) instanceof String reasoning && !reasoning.isBlank()) {
            String mark = mark(Kind.THOUGHT, reasoning);
            copy.put(Message.REASONING, mark);
            copy.put(Message.THINKING, mark);
        }
        if (message.get(Message.CONTENT) instanceof String content) {
            copy.put(Message.CONTENT, content(content));
        }
        return copy;
    }

    /** Replaces the names in tool calls by markers. */
    private Object call(Object calls) {
        if (calls instanceof List<?> list) {
            return list.stream().map(this::call).toList();
        }
        if (!(calls instanceof Map<?, ?> fields)) {
            return calls;
        }
        Map<Object, Object> copy = new LinkedHashMap<>(fields);
        if (fields.get("function") instanceof Map<?, ?> function) {
            copy.put("function", call(function));
        } else if (fields.get("name") instanceof String name) {
            copy.put("name", mark(Kind.CALL, name));
        }
        return copy;
    }

    private String content(String content) {
        int end = content.lastIndexOf(THOUGHT_ENDS);
        if (end < 0) {
            return content.isBlank() ? content : mark(Kind.TEXT, content);
        }
        String opening = content.contains("<think>") ? "<think>\n" : "";
        String thought = content.substring(0, end).replaceFirst("(?s)^.*<think>", "");
        String answer = content.substring(end + THOUGHT_ENDS.length());
        String thoughtMark = thought.isBlank() ? "" : mark(Kind.THOUGHT, thought);
        String answerMark = answer.isBlank() ? "" : mark(Kind.TEXT, answer);
        return opening + thoughtMark + "\n" + THOUGHT_ENDS + "\n\n" + answerMark;
    }

    private String mark(Kind kind, String text) {
        String mark = "\ue000" + parts.size() + "\ue001"; // private-use characters, which templates do not write
        parts.add(new Part(marked.size(), kind, mark, text));
        return mark;
    }
}
