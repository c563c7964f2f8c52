package dev.temper.inference;

import static dev.temper.check.Check.check;

import java.util.Map;

/** One message of a conversation. */
public record ChatMessage(String role, String content) {
    public ChatMessage {
        check(role != null && content != null, "a message needs a role and a content, got %s and %s", role, content);
    }

    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }

    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    public static ChatMessage assistant(String content) {
        return new ChatMessage("assistant", content);
    }

    /** The message as a chat template reads it. */
    public Map<String, Object> fields() {
        return Map.of("role", role, "content", content);
    }
}
