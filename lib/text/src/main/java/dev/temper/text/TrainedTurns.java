package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NO_TRAINED_TOKENS;
import static dev.temper.text.RejectedRowException.Reason.TEMPLATE;

import dev.temper.jinja.Rendering;
import dev.temper.jinja.TemplateException;
import dev.temper.text.ChatFormat.Ending;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RenderedText.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The text of a conversation and which part of it is learned: where an answer begins is where the text ends that a
 * model is given to answer.
 *
 * <p>Templates may write a turn differently once another follows: without its thoughts, or without the token that ends
 * a text. Such differences are found; a row whose border cannot be told is rejected, never learned wrongly.
 */
final class TrainedTurns {
    private static final String PROBE = "\ue000"; // a private character: no template writes it by itself
    private static final String THOUGHT_BEGINS = "<think>";
    private static final Pattern THOUGHT = Pattern.compile("^(.*</think>|<think>)\\s*", Pattern.DOTALL);
    private static final Pattern TAGS = Pattern.compile("(\\s|<[^<>]*>)*");

    private final CompiledTemplate template;
    private final Conversation conversation;
    private final Rendering rendering;
    private final String text;

    private TrainedTurns(CompiledTemplate template, Conversation conversation) {
        this.template = template;
        this.conversation = conversation;
        this.rendering = render(conversation.messages(), Ending.COMPLETE);
        this.text = rendering.text();
    }

    /** @throws RejectedRowException when there is no answer, or its place in the text cannot be told */
    static RenderedText render(ChatFormat chat, Conversation conversation, TrainOn trainOn) {
        int last = conversation.lastAssistant();
        int end = conversation.size() - 1;
        if (trainOn != TrainOn.ALL && last < 0) {
            throw new RejectedRowException(EMPTY, "no message is the assistant's");
        }
        if (trainOn == TrainOn.COMPLETION && last < end) {
            throw new RejectedRowException(
                    EMPTY, "the last message is not the assistant's but has the role " + conversation.role(end));
        }
        if (last >= 0 && conversation.isEmpty(last)) {
            throw new RejectedRowException(EMPTY, "nothing in the assistant's last message");
        }
        TrainedTurns turns = new TrainedTurns(chat.template(conversation), conversation);
        if (trainOn == TrainOn.ALL) {
            return new RenderedText(turns.text, List.of(new Span(0, turns.text.length())));
        }
        if (trainOn == TrainOn.ASSISTANT && turns.template.hasGenerationBlocks()) {
            return turns.marked();
        }
        if (!turns.template.flaw().isEmpty() && conversation.isText(last)) {
            throw new RejectedRowException(TEMPLATE, turns.template.flaw());
        }
        return turns.turnByTurn(trainOn == TrainOn.COMPLETION ? last : 0);
    }

    private RenderedText marked() {
        List<Span> spans = new ArrayList<>();
        for (dev.temper.jinja.Span span : rendering.generation()) {
            if (span.start() < span.end()) {
                spans.add(new Span(span.start(), span.end()));
            }
        }
        if (spans.isEmpty()) {
            throw new RejectedRowException(NO_TRAINED_TOKENS, "the template's generation blocks are empty");
        }
        return new RenderedText(text, spans);
    }

    private RenderedText turnByTurn(int first) {
        List<Span> spans = new ArrayList<>();
        for (int turn = first; turn < conversation.size(); turn++) {
            if (conversation.isAssistant(turn)) {
                spans.add(span(turn));
            }
        }
        return new RenderedText(text, spans);
    }

    private Span span(int turn) {
        int start = start(turn);
        return new Span(start, turn == conversation.size() - 1 ? text.length() : end(turn, start));
    }

    private int start(int turn) {
        String prompt = prefix(turn, Ending.ANSWER_BEGINS);
        if (text.startsWith(prompt)) {
            return prompt.length();
        }
        String before = prefix(turn, Ending.COMPLETE);
        if (text.startsWith(before) && prompt.startsWith(before)) {
            for (int header : sharedHeaders(turn, prompt)) {
                if (header >= before.length() && text.startsWith(prompt.substring(0, header))) {
                    return header;
                }
            }
        }
        String shared = text.substring(0, sharedLength(text, prompt));
        throw new RejectedRowException(
                TEMPLATE,
                "the text up to message %d is not how the whole text begins (they part after '%s'), so it cannot be "
                                .formatted(turn + 1, shared.substring(Math.max(0, shared.length() - 30)))
                        + "told which part is the answer");
    }

    /**
     * The prompt for an answer may begin more than the turn: {@code <think>}, which an answer without thoughts lacks,
     * or {@code <think></think>}, which one with thoughts lacks. What it has in common with the text ends where an
     * answer stands that is all its own, or where the thought begins; only tags may stand between the two.
     */
    private int[] sharedHeaders(int turn, String prompt) {
        List<Map<String, Object>> messages =
                new ArrayList<>(conversation.messages().subList(0, turn));
        messages.add(Conversation.message(Conversation.ASSISTANT, PROBE));
        String probe = render(messages, Ending.COMPLETE).text();
        int shared = sharedLength(probe, prompt);
        int tag = probe.lastIndexOf('<', shared - 1);
        if (tag >= 0 && probe.substring(tag, shared).indexOf('>') < 0) {
            shared = tag; // both have a tag here, but not the same one
        }
        int answer = probe.indexOf(PROBE);
        if (answer < shared || !TAGS.matcher(probe.substring(shared, answer)).matches()) {
            return new int[0];
        }
        return new int[] {shared, prompt.lastIndexOf(THOUGHT_BEGINS, shared)};
    }

    private int end(int turn, int start) {
        String last = prefix(turn + 1, Ending.COMPLETE);
        boolean isSame = last.length() > start && last.regionMatches(0, text, 0, start);
        for (String answer : isSame ? forms(last.substring(start)) : List.<String>of()) {
            if (!answer.isEmpty() && text.startsWith(answer, start)) {
                return start + answer.length();
            }
        }
        throw new RejectedRowException(
                TEMPLATE,
                "message %d is written differently when others follow; use a template with generation blocks"
                        .formatted(turn + 1));
    }

    /** A last turn as it may be written once another follows. */
    private List<String> forms(String answer) {
        String open = template.withoutEnd(answer);
        return List.of(answer, open, withoutThought(answer), withoutThought(open));
    }

    private static String withoutThought(String answer) {
        return THOUGHT.matcher(answer).replaceFirst("");
    }

    private static int sharedLength(String a, String b) {
        int shared = 0;
        while (shared < Math.min(a.length(), b.length()) && a.charAt(shared) == b.charAt(shared)) {
            shared++;
        }
        return shared;
    }

    private String prefix(int messages, Ending ending) {
        return render(conversation.messages().subList(0, messages), ending).text();
    }

    private Rendering render(List<Map<String, Object>> messages, Ending ending) {
        try {
            return template.render(messages, conversation.tools(), ending);
        } catch (TemplateException e) {
            throw new RejectedRowException(TEMPLATE, e.getMessage());
        }
    }
}
