package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.text.Message.Layout;
import dev.temper.text.RejectedRowException.Reason;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConversationTest {
    @Test
    void dropsFieldsOfAMessageThatAreNullAndKeepsAllElseAsItIs() {
        Conversation conversation = read(
                """
                [{"role": "user", "content": "a", "name": null},
                 {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments":
                   {"x": 1, "y": 1.0, "z": 99999999999999999999, "none": null, "list": [null, 2]}}}]}]
                """);
        assertThat(conversation.messages().get(0)).isEqualTo(Map.of("role", "user", "content", "a"));
        assertThat(conversation.messages().get(1)).containsOnlyKeys("role", "tool_calls");
        Map<?, ?> call = (Map<?, ?>) ((List<?>) conversation.messages().get(1).get("tool_calls")).get(0);
        Map<String, Object> arguments = new HashMap<>(
                Map.of("x", 1, "y", 1.0, "z", new BigInteger("99999999999999999999"), "list", Arrays.asList(null, 2)));
        arguments.put("none", null);
        assertThat(((Map<?, ?>) call.get("function")).get("arguments")).isEqualTo(arguments);
        assertThat(conversation.isEmpty(1)).isFalse();
        assertThat(conversation.tools()).isNull();
    }

    @Test
    void readsToolsAndPartsOfContent() {
        Conversation conversation = read("[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}]}]")
                .withTools("tools", "\"[{\\\"type\\\": \\\"function\\\"}]\"");
        assertThat(conversation.tools()).isEqualTo(List.of(Map.of("type", "function")));
        assertThat(conversation.isText(0)).isFalse();
        for (String none : new String[] {null, " ", "[]", "null", "\"null\""}) {
            assertThat(conversation.withTools("tools", none).tools()).isNull();
        }
    }

    @Test
    void aToolIsAnObjectOrTheTextOfOneAndKeepsItsNulls() {
        Conversation conversation = read("[{\"role\": \"user\", \"content\": \"a\"}]");
        Map<String, Object> schema = new HashMap<>();
        schema.put("default", null);
        assertThat(conversation
                        .withTools("tools", "[\"{\\\"default\\\": null}\", {\"default\": null}]")
                        .tools())
                .isEqualTo(List.of(schema, schema));
        assertThat(rejected(() -> conversation.withTools("t", "[{}, \"tide\"]")))
                .hasMessage("t, tool 2 is no object but a text; a JSON Schema is wanted");
        assertThat(rejected(() -> conversation.withTools("t", "[null]")))
                .hasMessage("t, tool 1 is no object but null; a JSON Schema is wanted");
        assertThat(rejected(() -> conversation.withTools("t", "[\"{oops\"]")).reason())
                .isEqualTo(Reason.BAD_JSON);
        assertThat(rejected(() -> conversation.withTools("t", "{}"))).hasMessage("t is no list");
    }

    @Test
    void variablesOfARowAreAnObject() {
        Conversation conversation = read("[{\"role\": \"user\", \"content\": \"a\"}]");
        assertThat(conversation
                        .withVariables("k", "{\"deep\": false, \"n\": null}")
                        .variables())
                .hasSize(2)
                .containsEntry("deep", false)
                .containsEntry("n", null);
        assertThat(conversation.withVariables("k", null).variables()).isEmpty();
        assertThat(rejected(() -> conversation.withVariables("k", "[1]"))).hasMessage("k holds no object but a list");
        assertThat(rejected(() -> conversation.withVariables("k", "{\"add_generation_prompt\": true}")))
                .hasMessage("k sets add_generation_prompt, which no row can");
    }

    @Test
    void aMessageSaysWhetherItIsLearnedAndNoTemplateSeesIt() {
        Conversation conversation = read(
                """
                [{"role": "user", "content": "q", "weight": 1}, {"role": "assistant", "content": "a", "weight": 0},
                 {"role": "user", "content": "q", "train": false}, {"role": "assistant", "content": "a", "train": true},
                 {"role": "user", "content": "q", "weight": null},
                  {"role": "assistant", "content": "a", "training": false},
                 {"role": "assistant", "content": "a", "weight": 1.0, "train_detail": []}]
                """);
        assertThat(conversation.unlearned()).containsExactly(1, 2, 5);
        assertThat(conversation.messages())
                .allSatisfy(message -> assertThat(message).containsOnlyKeys("role", "content"));
        assertThat(conversation.withSystem("s").unlearned()).containsExactly(2, 3, 6);
        assertThat(conversation.completedBy(conversation).unlearned()).containsExactly(1, 2, 5, 8, 9, 12);
        assertThat(conversation.completedBy(conversation).withSystem("s").completion())
                .isEqualTo(8);
    }

    @Test
    void reasoningHasTheNamesThatTemplatesRead() {
        Conversation conversation = read(
                """
                [{"role": "assistant", "content": "a", "reasoning": "r"},
                 {"role": "assistant", "content": "a", "thinking": "t", "reasoning_content": null, "reasoning": "r"},
                 {"role": "assistant", "content": "a", "thinking": "t", "reasoning_content": "c"}]
                """);
        assertThat(conversation.messages().get(0))
                .containsEntry("reasoning_content", "r")
                .containsEntry("thinking", "r");
        assertThat(conversation.messages().get(1))
                .containsEntry("reasoning_content", "t")
                .containsEntry("thinking", "t");
        assertThat(conversation.messages().get(2))
                .containsEntry("reasoning_content", "c")
                .containsEntry("thinking", "t");
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
                Layout.SHAREGPT);
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
                    [{"role": "user", "content": null}]  | NULL_VALUE   | chat, message 1 has no content
                    [{"role": "assistant", "weight": 2}] | WRONG_TYPE   | chat, message 1: weight is neither 0 nor 1
                    [{"role": "assistant", "train": "n"}] | WRONG_TYPE  | chat, message 1: train is neither 0 nor 1
                    [{"role": "user", "content": "a", "train": true}] | WRONG_TYPE | chat, message 1: train is true, but
                    [{"role": "assistant", "train_detail": [1]}] | WRONG_TYPE | chat, message 1: train_detail is not
                    """)
    void rejectsWithTheReason(String json, Reason reason, String detail) {
        RejectedRowException rejected = rejected(() -> read(json));
        assertThat(rejected.reason()).isEqualTo(reason);
        assertThat(rejected.detail()).startsWith(detail);
    }

    @Test
    void saysWhichFormatKnowsARole() {
        String foreign = "[{\"role\": \"human\", \"content\": \"a\"}]";
        assertThat(rejected(() -> read(foreign)))
                .hasMessage("chat, message 1 has the unknown role 'human'; data.format sharegpt knows it");
    }

    private static RejectedRowException rejected(ThrowingCallable reading) {
        return catchThrowableOfType(RejectedRowException.class, reading);
    }

    private static Conversation read(String json) {
        return Conversation.read("chat", json, Layout.MESSAGES);
    }
}
