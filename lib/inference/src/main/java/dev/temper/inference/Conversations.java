package dev.temper.inference;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Printable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Parses conversations to answer from JSON, one after the other or in a list. Each is a list of messages, or an object
 * with such a list as {@code messages}, as in rows of {@code data.format: messages}.
 */
public final class Conversations {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> KEYS = Set.of("role", "content");

    private Conversations() {}

    /**
     * @param name of the file, for messages
     * @param text of the file; may begin with a byte order mark
     * @throws dev.temper.check.InvalidInputException when it contains anything else
     */
    public static List<List<ChatMessage>> read(String name, String text) {
        List<List<ChatMessage>> conversations = new ArrayList<>();
        String marked = text.startsWith("\ufeff") ? text.substring(1) : text; // programs on Windows write it
        try (JsonParser parser = JSON.createParser(marked)) {
            while (parser.nextToken() != null) {
                JsonNode value = parser.readValueAsTree();
                boolean areSeveral = value.isArray() && value.path(0).isContainerNode() && !isMessage(value.path(0));
                for (JsonNode one : areSeveral ? value : List.of(value)) {
                    String place = "%s, conversation %d".formatted(name, conversations.size() + 1);
                    conversations.add(conversation(place, one));
                }
            }
        } catch (JsonProcessingException e) {
            throw invalid(
                    "%s is no valid JSON: line %d, column %d: %s",
                    name,
                    e.getLocation().getLineNr(),
                    e.getLocation().getColumnNr(),
                    Printable.parserMessage(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a text in memory does not fail
        }
        check(!conversations.isEmpty(), "%s is empty; write a list of {role, content} there", name);
        return conversations;
    }

    private static boolean isMessage(JsonNode value) {
        return value.has("role") || value.has("content");
    }

    private static List<ChatMessage> conversation(String place, JsonNode value) {
        JsonNode messages = value.isObject() ? value.path("messages") : value;
        check(
                messages.isArray() && !messages.isEmpty(),
                "%s: write a list of {role, content}, or an object that has one as messages",
                place);
        List<ChatMessage> conversation = new ArrayList<>();
        for (JsonNode message : messages) {
            String which = "%s, message %d".formatted(place, conversation.size() + 1);
            check(
                    message.path("role").isTextual() && message.path("content").isTextual(),
                    "%s: role and content must be texts",
                    which);
            message.fieldNames()
                    .forEachRemaining(key -> check(
                            KEYS.contains(key), "%s: %s is not read, only role and content; leave it out", which, key));
            conversation.add(new ChatMessage(
                    message.get("role").textValue(), message.get("content").textValue()));
        }
        check(
                !conversation.get(conversation.size() - 1).role().equals("assistant"),
                "%s: its last message is the assistant's; end it with the one to answer",
                place);
        return conversation;
    }
}
