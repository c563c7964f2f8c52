package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.text.Conversation.Dialect;
import dev.temper.text.RejectedRowException.Reason;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConversationTest {
    @Test
    void dropsFieldsThatAreNullAndKeepsNumbersAsTheyAre() {
        Conversation conversation = read(
                """
                [{"role": "user", "content": "a", "name": null},
                 {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments":
                   {"x": 1, "y": 1.0, "z": 99999999999999999999, "none": null, "list": [null, 2]}}}]}]
                """);
        assertThat(conversation.messages().get(0)).isEqualTo(Map.of("role", "user", "content", "a"));
        assertThat(conversation.messages().get(1)).containsOnlyKeys("role", "tool_calls");
        Map<?, ?> call = (Map<?, ?>) ((List<?>) conversation.messages().get(1).get("tool_calls")).get(0);
        assertThat(((Map<?, ?>) call.get("function")).get("arguments"))
                .isEqualTo(Map.of(
                        "x", 1, "y", 1.0, "z", new BigInteger("99999999999999999999"), "list", Arrays.asList(null, 2)));
        assertThat(conversation.isEmpty(1)).isFalse();
        assertThat(conversation.tools()).isNull();
    }

    @Test
    void readsToolsAndPartsOfContent() {
        Conversation conversation = Conversation.read(
                "chat",
                "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}]}]",
                "\"[{\\\"type\\\": \\\"function\\\"}]\"",
                Dialect.MESSAGES);
        assertThat(conversation.tools()).isEqualTo(List.of(Map.of("type", "function")));
        assertThat(conversation.isText(0)).isFalse();
        assertThat(Conversation.read("chat", "[{\"role\": \"user\", \"content\": \"a\"}]", "[]", Dialect.MESSAGES)
                        .tools())
                .isNull();
    }

    @Test
    void sharegptHasOtherNames() {
        Conversation conversation = Conversation.read(
                "chat",
                """
                [{"from": "system", "value": "s"}, {"from": "human", "value": "q"},
                 {"from": "function_call", "value": "c"}, {"from": "observation", "value": "o"},
                 {"from": "gpt", "value": "a", "weight": 1},
                 {"role": "user", "content": "q2"}]
                """,
                null,
                Dialect.SHAREGPT);
        assertThat(conversation.messages())
                .extracting(message -> message.get("role"))
                .containsExactly("system", "user", "assistant", "tool", "assistant", "user");
        assertThat(conversation.messages())
                .extracting(message -> message.get("content"))
                .containsExactly("s", "q", "c", "o", "a", "q2");
        assertThat(conversation.lastAssistant()).isEqualTo(4);
    }

    @Test
    void aSystemMessageIsAddedWhereThereIsNone() {
        Conversation conversation = read("[{\"role\": \"user\", \"content\": \"a\"}]");
        assertThat(conversation.withSystem("Be brief.").messages())
                .containsExactly(
                        Map.of("role", "system", "content", "Be brief."), Map.of("role", "user", "content", "a"));
        assertThat(conversation.withSystem("")).isSameAs(conversation);
        Conversation developer = read("[{\"role\": \"developer\", \"content\": \"a\"}]");
        assertThat(developer.withSystem("Be brief.")).isSameAs(developer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    [{"role": "user"                     | BAD_JSON     | chat is no valid JSON: Unexpected end
                    [] []                                | BAD_JSON     | chat is no valid JSON: Trailing token
                    hello                                | BAD_JSON     | chat is no valid JSON: Unrecognized token
                    null                                 | NULL_VALUE   | null in chat
                    {"role": "user"}                     | WRONG_TYPE   | chat holds no list of messages
                    []                                   | EMPTY        | no message in chat
                    ["hi"]                               | WRONG_TYPE   | chat, message 1 is no object with role
                    [{"content": "a"}]                   | UNKNOWN_ROLE | chat, message 1 has no role
                    [{"role": 1, "content": "a"}]        | WRONG_TYPE   | chat, message 1: its role is no text
                    [{"role": "bot", "content": "a"}]    | UNKNOWN_ROLE | chat, message 1 has the unknown role 'bot'
                    [{"role": "user", "content": 1}]     | WRONG_TYPE   | chat, message 1: its content is neither
                    [{"role": "user"}]                   | NULL_VALUE   | chat, message 1 has no content
                    """)
    void rejectsWithTheReason(String json, Reason reason, String detail) {
        RejectedRowException rejected = catchThrowableOfType(RejectedRowException.class, () -> read(json));
        assertThat(rejected.reason()).isEqualTo(reason);
        assertThat(rejected.detail()).startsWith(detail);
    }

    @Test
    void saysWhichFormatKnowsARole() {
        String foreign = "[{\"role\": \"human\", \"content\": \"a\"}]";
        assertThat(catchThrowableOfType(RejectedRowException.class, () -> read(foreign)))
                .hasMessage("chat, message 1 has the unknown role 'human'; data.format sharegpt knows it");
    }

    private static Conversation read(String json) {
        return Conversation.read("chat", json, null, Dialect.MESSAGES);
    }
}
