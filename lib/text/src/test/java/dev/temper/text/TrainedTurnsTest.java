package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText.Span;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is learned stands in « ». */
final class TrainedTurnsTest {
    private static final String PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}"
            + "{% if add_generation_prompt %}[assistant]{% endif %}";
    /** Its blocks begin with the newline behind the role. */
    private static final String BLOCKS =
            "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ '\\n' }}"
                    + "{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"
                    + "{% if add_generation_prompt %}[assistant]\n{% endif %}";

    private static final String TWO_TURNS = chat("user:q1", "assistant:a1", "user:q2", "assistant:a2");

    @Test
    void theAnswerIsLearnedWithItsEnd() {
        RowFormat pair = Formats.chat(Format.PROMPT_COMPLETION, TrainOn.COMPLETION, Formats.template(PLAIN));
        assertThat(pair.kind()).isEqualTo(TextKind.CHAT);
        assertThat(marked(pair.render(Map.of("prompt", "q", "completion", "a"))))
                .isEqualTo("[user]q</s>[assistant]«a</s>»");
        RowFormat alpaca = Formats.chat(Format.ALPACA, TrainOn.ASSISTANT, Formats.template(PLAIN));
        assertThat(marked(alpaca.render(Map.of("instruction", "q", "input", "i", "system", "s", "output", "a"))))
                .isEqualTo("[system]s</s>[user]q\ni</s>[assistant]«a</s>»");
    }

    @Test
    void theLastTurnOrEveryTurnOrAllIsLearned() {
        assertThat(rendered(PLAIN, TrainOn.COMPLETION, TWO_TURNS))
                .isEqualTo("[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]«a2</s>»");
        assertThat(rendered(PLAIN, TrainOn.ASSISTANT, TWO_TURNS))
                .isEqualTo("[user]q1</s>[assistant]«a1</s>»[user]q2</s>[assistant]«a2</s>»");
        assertThat(rendered(PLAIN, TrainOn.ALL, TWO_TURNS))
                .isEqualTo("«[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]a2</s>»");
        assertThat(rendered(PLAIN, TrainOn.ASSISTANT, chat("assistant:a1", "user:q2")))
                .isEqualTo("[assistant]«a1</s>»[user]q2</s>");
    }

    @Test
    void generationBlocksSayWhatIsLearned() {
        String blocks =
                "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
                        + "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
        assertThat(rendered(blocks, TrainOn.ASSISTANT, TWO_TURNS))
                .isEqualTo("[user]q1[assistant]«a1»[user]q2[assistant]«a2»");
    }

    @Test
    void answersThatSayTheyAreNotLearnedAreNot() {
        String turns = "[{'role': 'user', 'content': 'q1'}, {'role': 'assistant', 'content': 'a1', 'weight': 0},"
                + " {'role': 'user', 'content': 'q2'}, {'role': 'assistant', 'content': 'a2', 'train': true}]";
        assertThat(rendered(PLAIN, TrainOn.ASSISTANT, quoted(turns)))
                .isEqualTo("[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]«a2</s>»");
        assertThat(rendered(BLOCKS, TrainOn.ASSISTANT, quoted(turns)))
                .isEqualTo("[user]q1[assistant]\na1[user]q2[assistant]«\na2»");
        assertThat(rendered(PLAIN, TrainOn.ALL, quoted(turns)))
                .isEqualTo("«[user]q1</s>[assistant]»a1</s>«[user]q2</s>[assistant]a2</s>»");
        assertThat(rendered(PLAIN, TrainOn.COMPLETION, quoted(turns)))
                .isEqualTo("[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]«a2</s>»");
    }

    @Test
    void aRowOfWhichNoAnswerIsLearnedIsRejected() {
        String last =
                quoted("[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a', 'train': false}]");
        for (TrainOn trainOn : List.of(TrainOn.COMPLETION, TrainOn.ASSISTANT)) {
            RejectedRowException rejected = rejected(PLAIN, trainOn, last);
            assertThat(rejected.reason()).isEqualTo(Reason.NO_TRAINED_TOKENS);
            assertThat(rejected.detail()).isEqualTo("no answer is to be learned: weight 0, or train false");
        }
        String question =
                quoted("[{'role': 'user', 'content': 'q', 'weight': 0}, {'role': 'assistant', 'content': 'a'}]");
        assertThat(rejected(PLAIN, TrainOn.ALL, question).detail())
                .startsWith("message 1 is not the assistant's and not to be learned");
        assertThat(rendered(PLAIN, TrainOn.COMPLETION, question)).isEqualTo("[user]q</s>[assistant]«a</s>»");
    }

    @Test
    void messagesAsPromptAndCompletionAreOneConversation() {
        String prompt = "[{'role': 'user', 'content': 'q1'}, {'role': 'assistant', 'content': 'a1'},"
                + " {'role': 'user', 'content': 'q2'}]";
        String completion = "[{'role': 'assistant', 'content': 'a2'}, {'role': 'user', 'content': 'q3'},"
                + " {'role': 'assistant', 'content': 'a3'}]";
        assertThat(pair(PLAIN, TrainOn.COMPLETION, prompt, completion))
                .isEqualTo("[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]«a2</s>[user]q3</s>[assistant]a3</s>»");
        assertThat(pair(PLAIN, TrainOn.ASSISTANT, prompt, completion))
                .isEqualTo(
                        "[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]«a2</s>»[user]q3</s>[assistant]«a3</s>»");
        assertThat(pair(BLOCKS, TrainOn.ASSISTANT, prompt, completion))
                .isEqualTo("[user]q1[assistant]\na1[user]q2[assistant]\n«a2»[user]q3[assistant]«\na3»"); // as TRL: both
        // masks
        assertThat(pair(PLAIN, TrainOn.ALL, prompt, completion))
                .startsWith("«[user]q1")
                .endsWith("a3</s>»");
        assertThat(pair(PLAIN, TrainOn.COMPLETION, prompt, completion.replace("'a2'", "'a2', 'weight': 0")))
                .isEqualTo("[user]q1</s>[assistant]a1</s>[user]q2</s>[assistant]a2</s>«[user]q3</s>[assistant]a3</s>»");
        assertThat(pair(
                        PLAIN,
                        TrainOn.COMPLETION,
                        "[{'from': 'human', 'value': 'q'}]",
                        "[{'from': 'gpt', 'value': 'a'}]"))
                .isEqualTo("[user]q</s>[assistant]«a</s>»");
        assertThat(catchThrowableOfType(
                        RejectedRowException.class,
                        () -> pair(PLAIN, TrainOn.COMPLETION, completion, "[{'role': 'user', 'content': 'q'}]")))
                .hasMessage("no message is the assistant's");
    }

    @Test
    void aRowHasVariablesOfItsOwn() {
        String asks = PLAIN.replace("[assistant]{% endif", "[assistant]{% if deep %}<deep>{% endif %}{% endif");
        RowFormat format =
                Formats.chat(Format.PROMPT_COMPLETION, TrainOn.ALL, Formats.template("{{ deep }}|{{ tools }}" + asks));
        Map<String, String> row = Map.of(
                "prompt",
                "q",
                "completion",
                "a",
                "chat_template_kwargs",
                "{\"deep\": 1}",
                "tools",
                "[{\"name\": null}]");
        assertThat(format.render(row).text()).startsWith("1|[{'name': None}][user]q</s>");
        assertThat(format.render(Map.of("prompt", "q", "completion", "a")).text())
                .startsWith("|None[user]q</s>");
    }

    @Test
    void whatATemplateLeavesOutIsSaidOrRejected() {
        String call = "'tool_calls': [{'type': 'function', 'function': {'name': 'tide', 'arguments': {}}}]";
        String question = "[{'role': 'user', 'content': 'q'}, ";
        String calls = "{% for m in messages %}[{{ m.role }}]{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}"
                + "{% else %}{{ m.content }}{% endif %}</s>{% endfor %}"
                + "{% if add_generation_prompt %}[assistant]{% endif %}";
        assertThat(rejected(PLAIN, TrainOn.COMPLETION, quoted(question + "{'role': 'assistant', " + call + "}]"))
                        .detail())
                .startsWith("the template leaves out the call of tide in message 2");
        assertThat(isShortened(calls, question + "{'role': 'assistant', " + call + "}]"))
                .isFalse();
        assertThat(isShortened(calls, question + "{'role': 'assistant', 'content': 'Wait', " + call + "}]"))
                .isTrue();
        String two = call.replace("}}]", "}}, {'function': {'name': 'wind', 'arguments': {}}}]");
        assertThat(rejected(calls, TrainOn.COMPLETION, quoted(question + "{'role': 'assistant', " + two + "}]"))
                        .detail())
                .startsWith("the template leaves out the call of wind in message 2");
        assertThat(isShortened(PLAIN, question + "{'role': 'assistant', 'content': 'a', 'reasoning': 'r'}]"))
                .isTrue();
        String thinks = PLAIN.replace("{{ m.content }}", "{{ m.reasoning_content }}{{ m.content }}");
        assertThat(isShortened(thinks, question + "{'role': 'assistant', 'content': 'a', 'reasoning': 'r'}]"))
                .isFalse();
        assertThat(isShortened(PLAIN, question + "{'role': 'assistant', 'content': '<think>t</think>a'}]"))
                .isFalse();
        String strips = PLAIN.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] }}");
        assertThat(isShortened(strips, question + "{'role': 'assistant', 'content': '<think>t</think>a'}]"))
                .isTrue();
        assertThat(isShortened(strips, question + "{'role': 'assistant', 'content': '<think></think>a'}]"))
                .isFalse();
    }

    @Test
    void anEmptyListOfCallsSaysNothing() {
        String silent =
                quoted("[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': '', 'tool_calls': []}]");
        assertThat(rejected(PLAIN, TrainOn.ALL, silent).reason()).isEqualTo(Reason.EMPTY);
    }

    @Test
    void aThoughtThatThePromptOpensIsNotPartOfAnAnswerWithout() {
        String opens = PLAIN.replace("[assistant]{% endif %}", "[assistant]<think>\n{% endif %}");
        assertThat(rendered(opens, TrainOn.COMPLETION, chat("user:q", "assistant:<b>a")))
                .isEqualTo("[user]q</s>[assistant]«<b>a</s>»");
        String closes = PLAIN.replace("[assistant]{% endif %}", "[assistant]<think>\n\n</think>\n\n{% endif %}");
        assertThat(rendered(closes, TrainOn.COMPLETION, chat("user:q", "assistant:<think>t</think>a")))
                .isEqualTo("[user]q</s>[assistant]«<think>t</think>a</s>»");
    }

    @Test
    void earlierThoughtsMayBeLeftOut() {
        String strips = "{% for m in messages %}[{{ m.role }}]{% if loop.last %}{{ m.content }}{% else %}"
                + "{{ m.content.split('</think>')[-1].strip() }}{% endif %}</s>{% endfor %}"
                + "{% if add_generation_prompt %}[assistant]{% endif %}";
        assertThat(rendered(
                        strips,
                        TrainOn.ASSISTANT,
                        chat("user:q1", "assistant:<think>t1</think> a1", "user:q2", "assistant:<think>t2</think> a2")))
                .isEqualTo("[user]q1</s>[assistant]«a1</s>»[user]q2</s>[assistant]«<think>t2</think> a2</s>»");
    }

    @Test
    void aTokenAfterTheLastTurnOnlyIsNotExpectedEarlier() {
        String once =
                PLAIN.replace("</s>", "|").replace("{% if", "{% if not add_generation_prompt %}</s>{% endif %}{% if");
        assertThat(rendered(once, TrainOn.ASSISTANT, TWO_TURNS))
                .isEqualTo("[user]q1|[assistant]«a1|»[user]q2|[assistant]«a2|</s>»");
    }

    @Test
    void whatCannotBeToldIsRejected() {
        String moves = "{% for m in messages %}[{{ m.role }}{{ loop.revindex }}]{{ m.content }}{% endfor %}";
        assertRejected(moves, TrainOn.COMPLETION, "the text up to message 4 is not how the whole text begins");
        String changes =
                "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ '!' if loop.last else '.' }}{% endfor %}";
        assertRejected(
                changes.replace("{% endfor %}", "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"),
                TrainOn.ASSISTANT,
                "the text up to message 2 is not how the whole text begins");
        String always = PLAIN.replace("{% if add_generation_prompt %}[assistant]{% endif %}", "[assistant]");
        assertRejected(always, TrainOn.COMPLETION, "the template begins another answer after the last one");
        String silent = PLAIN.replace("{{ m.content }}", "{% if m.role == 'user' %}{{ m.content }}{% endif %}");
        assertRejected(silent, TrainOn.COMPLETION, "the template leaves out what the assistant says");
        assertRejected("{{ raise_exception('no such chats') }}", TrainOn.ALL, "");
    }

    @Test
    void rowsWithoutAnAnswerAreEmpty() {
        assertThat(rejected(PLAIN, TrainOn.COMPLETION, chat("user:q")).detail())
                .isEqualTo("no message is the assistant's");
        RejectedRowException last = rejected(PLAIN, TrainOn.COMPLETION, chat("user:q", "assistant:a", "user:q2"));
        assertThat(last.reason()).isEqualTo(Reason.EMPTY);
        assertThat(last.detail()).isEqualTo("the last message is not the assistant's but has the role user");
        assertThat(rejected(PLAIN, TrainOn.ALL, chat("user:q", "assistant: ")).detail())
                .isEqualTo("nothing in the assistant's last message");
    }

    private static String quoted(String json) {
        return json.replace('\'', '"');
    }

    private static boolean isShortened(String template, String messages) {
        return Formats.chat(Format.MESSAGES, TrainOn.ALL, Formats.template(template))
                .render(Map.of("messages", quoted(messages)))
                .isShortened();
    }

    private static String pair(String template, TrainOn trainOn, String prompt, String completion) {
        return marked(Formats.chat(Format.PROMPT_COMPLETION, trainOn, Formats.template(template))
                .render(Map.of(
                        "prompt",
                        InputColumn.NESTED + quoted(prompt),
                        "completion",
                        InputColumn.NESTED + quoted(completion))));
    }

    private static void assertRejected(String template, TrainOn trainOn, String detail) {
        RejectedRowException rejected = rejected(template, trainOn, TWO_TURNS);
        assertThat(rejected.reason()).isEqualTo(Reason.TEMPLATE);
        assertThat(rejected.detail()).startsWith(detail);
    }

    private static RejectedRowException rejected(String template, TrainOn trainOn, String messages) {
        return catchThrowableOfType(RejectedRowException.class, () -> rendered(template, trainOn, messages));
    }

    private static String rendered(String template, TrainOn trainOn, String messages) {
        return marked(Formats.chat(Format.MESSAGES, trainOn, Formats.template(template))
                .render(Map.of("messages", messages)));
    }

    private static String marked(RenderedText row) {
        StringBuilder text = new StringBuilder(row.text());
        for (int i = row.trained().size() - 1; i >= 0; i--) {
            Span span = row.trained().get(i);
            text.insert(span.end(), '»').insert(span.start(), '«');
        }
        return text.toString();
    }

    private static String chat(String... turns) {
        StringBuilder json = new StringBuilder();
        for (String turn : turns) {
            int border = turn.indexOf(':');
            json.append(json.isEmpty() ? "[" : ",")
                    .append("{\"role\": \"%s\", \"content\": \"%s\"}"
                            .formatted(turn.substring(0, border), turn.substring(border + 1)));
        }
        return json + "]";
    }
}
