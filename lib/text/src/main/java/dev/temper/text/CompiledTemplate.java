package dev.temper.text;

import dev.temper.jinja.Rendering;
import dev.temper.jinja.Template;
import dev.temper.jinja.TemplateException;
import dev.temper.text.ChatFormat.Ending;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A parsed template with its variables, and the reason why answers cannot be trained with it, if there is one. */
final class CompiledTemplate {
    // Private-use characters, which templates do not write.
    private static final String QUESTION = "\ue000";
    private static final String ANSWER = "\ue001";
    private static final String NEXT_QUESTION = "\ue002";

    private final Template template;
    private final Map<String, Object> variables;
    private final String flaw;

    /**
     * @param date empty: the template does not call {@code strftime_now}
     * @throws TemplateException when the text is not a valid template
     */
    CompiledTemplate(String text, Map<String, Object> variables, String date) {
        Template parsed = Template.parse(text);
        this.template =
                date.isEmpty() ? parsed : parsed.at(LocalDate.parse(date).atStartOfDay());
        this.variables = variables;
        this.flaw = findFlaw();
    }

    boolean hasGenerationBlocks() {
        return template.hasGenerationBlocks();
    }

    /** Why the answers in a rendered text cannot be located, for answers that are plain texts; usually empty. */
    String flaw() {
        return flaw;
    }

    /** The tokenizer's end token as text; empty if it has none. */
    String endText() {
        return variables.get("eos_token") instanceof String text ? text : "";
    }

    /**
     * Renders some messages, with the tools and variables of their conversation.
     *
     * @throws TemplateException when the template rejects them
     */
    Rendering render(Conversation conversation, List<Map<String, Object>> messages, Ending ending) {
        Map<String, Object> context = new HashMap<>();
        context.put("messages", messages);
        context.put("tools", conversation.tools());
        context.put("documents", null);
        context.put("add_generation_prompt", ending == Ending.ANSWER_BEGINS);
        context.putAll(variables);
        context.putAll(conversation.variables());
        return template.renderWithSpans(context);
    }

    /**
     * Detects templates with which training would go wrong unnoticed: those that do not write the assistant's messages,
     * and those that append a generation prompt after every answer.
     */
    private String findFlaw() {
        Map<String, Object> question = Message.of("user", QUESTION);
        Map<String, Object> answer = Message.of(Message.ASSISTANT, ANSWER);
        Map<String, Object> next = Message.of("user", NEXT_QUESTION);
        try {
            String answered = complete(List.of(question, answer));
            int end = answered.lastIndexOf(ANSWER) + 1;
            if (end == 0) {
                return "the template leaves out what the assistant says; it may want content as a list of parts";
            }
            String closing = withoutEnd(answered.substring(end));
            String continued = complete(List.of(question, answer, next));
            if (continued.startsWith(closing, continued.indexOf(ANSWER) + 1)) {
                return "";
            }
            String asked = complete(List.of(question));
            String opening = asked.substring(asked.lastIndexOf(QUESTION) + 1);
            return opening.chars().anyMatch(Character::isLetter) && closing.endsWith(opening)
                    ? "the template begins another answer after the last one, although it is not asked to"
                    : "";
        } catch (TemplateException e) {
            return ""; // it requires other conversations than this probe; the rows will show
        }
    }

    private String complete(List<Map<String, Object>> messages) {
        return render(Conversation.of(messages), messages, Ending.COMPLETE).text();
    }

    /** Without the end token, which some templates write after the last message only. */
    String withoutEnd(String closing) {
        String end = endText();
        return !end.isEmpty() && closing.endsWith(end)
                ? closing.substring(0, closing.length() - end.length())
                : closing;
    }
}
