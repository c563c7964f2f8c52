package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NO_TRAINED_TOKENS;
import static dev.temper.text.RejectedRowException.Reason.TEMPLATE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import dev.temper.jinja.Rendering;
import dev.temper.jinja.TemplateException;
import dev.temper.text.ChatFormat.Ending;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RenderedText.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The rendered text of a conversation with the spans that count in the loss. An answer begins where the prompt for it
 * ends, which is rendered with the generation prompt.
 *
 * <p>Templates may render a turn differently when another one follows: without its reasoning, or without the end token.
 * Such differences are detected; a row in which the beginning of an answer cannot be determined is rejected.
 */
final class TrainedTurns {
    private static final String PROBE = "\ue000"; // a private-use character, which templates do not write
    private static final String THOUGHT_BEGINS = "<think>";
    private static final Pattern THOUGHT = Pattern.compile("^(.*</think>|<think>)\\s*", Pattern.DOTALL);
    private static final Pattern TAG_OR_BLANK = Pattern.compile("<[^<>]*>|\\s++");

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

    /** @throws RejectedRowException when there is no answer, or it cannot be located in the text */
    static RenderedText render(ChatFormat chat, Conversation conversation, TrainOn trainOn) {
        verify(conversation, trainOn);
        TrainedTurns turns = new TrainedTurns(chat.template(conversation), conversation);
        boolean isShortened = turns.isShortened();
        return new RenderedText(turns.text, turns.spans(trainOn), isShortened);
    }

    private static void verify(Conversation conversation, TrainOn trainOn) {
        int last = conversation.lastAssistant();
        int end = conversation.size() - 1;
        if (trainOn != TrainOn.ALL && last < Math.max(conversation.completion(), 0)) {
            throw new RejectedRowException(EMPTY, "no message is the assistant's");
        }
        if (trainOn == TrainOn.COMPLETION && last < end && conversation.completion() < 0) {
            throw new RejectedRowException(
                    EMPTY, "the last message is not the assistant's but has the role " + conversation.role(end));
        }
        if (last >= 0 && conversation.isEmpty(last)) {
            throw new RejectedRowException(EMPTY, "nothing in the assistant's last message");
        }
        int first = trainOn == TrainOn.COMPLETION ? last : 0;
        first = conversation.completion() < 0 ? first : conversation.completion();
        if (trainOn != TrainOn.ALL
                && IntStream.rangeClosed(first, last)
                        .noneMatch(turn -> conversation.isAssistant(turn) && conversation.isLearned(turn))) {
            throw new RejectedRowException(NO_TRAINED_TOKENS, "no answer is to be learned: weight 0, or train false");
        }
    }

    private List<Span> spans(TrainOn trainOn) {
        if (trainOn == TrainOn.ALL) {
            return learned(0, 0);
        }
        if (trainOn == TrainOn.ASSISTANT && template.hasGenerationBlocks()) {
            return marked();
        }
        int last = conversation.lastAssistant();
        if (!template.flaw().isEmpty() && conversation.isText(last)) {
            throw new RejectedRowException(TEMPLATE, template.flaw());
        }
        int completion = conversation.completion();
        if (trainOn == TrainOn.COMPLETION) {
            return completion < 0 ? List.of(span(last)) : learned(completion, start(completion));
        }
        List<Span> spans = new ArrayList<>();
        for (int turn = Math.max(completion, 0); turn <= last; turn++) {
            if (conversation.isAssistant(turn) && conversation.isLearned(turn)) {
                spans.add(span(turn));
            }
        }
        return spans;
    }

    private List<Span> marked() {
        List<Span> spans = new ArrayList<>();
        int from = conversation.completion() < 0 ? 0 : start(conversation.completion());
        for (dev.temper.jinja.Span span : rendering.generation()) {
            if (Math.max(span.start(), from) < span.end()) {
                spans.add(new Span(Math.max(span.start(), from), span.end()));
            }
        }
        for (int turn : conversation.unlearned()) {
            if (conversation.isAssistant(turn)) {
                // may begin after its block, which some templates open with the newline after the role
                Span left = span(turn);
                spans.removeIf(span -> span.start() < left.end() && left.start() < span.end());
            }
        }
        if (spans.isEmpty()) {
            throw new RejectedRowException(NO_TRAINED_TOKENS, "the template's generation blocks are empty");
        }
        return spans;
    }

    /**
     * Everything from a message on, which begins at {@code start}, except answers that exclude themselves from the
     * loss.
     */
    private List<Span> learned(int first, int start) {
        List<Span> left = new ArrayList<>(List.of(new Span(start, text.length())));
        for (int turn : conversation.unlearned()) {
            if (turn < first) {
                continue;
            }
            if (!conversation.isAssistant(turn)) {
                throw new RejectedRowException(
                        WRONG_TYPE,
                        "message %d is not the assistant's and not to be learned: only answers can be left out; "
                                        .formatted(turn + 1)
                                + "set data.train_on: assistant");
            }
            Span hole = span(turn);
            Span last = left.remove(left.size() - 1);
            left.add(new Span(last.start(), Math.max(hole.start(), last.start())));
            left.add(new Span(Math.max(hole.end(), last.start()), last.end()));
        }
        left.removeIf(span -> span.start() == span.end());
        if (left.isEmpty()) {
            throw new RejectedRowException(NO_TRAINED_TOKENS, "no message is to be learned: weight 0, or train false");
        }
        return left;
    }

    private boolean isShortened() {
        AnswerParts answers = AnswerParts.of(conversation);
        if (answers.isEmpty()) {
            return false;
        }
        Optional<String> probe;
        try {
            probe = Optional.of(render(answers.marked(), Ending.COMPLETE).text());
        } catch (RejectedRowException e) {
            probe = Optional.empty(); // the template's output depends on their content
        }
        return answers.areLeftOut(text, probe);
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
     * The generation prompt may contain more than the header of the turn: {@code <think>}, which an answer without
     * reasoning lacks, or {@code <think></think>}, which an answer with reasoning lacks. The common prefix ends where
     * the answer or its reasoning begins; only tags may be in between.
     */
    private int[] sharedHeaders(int turn, String prompt) {
        List<Map<String, Object>> messages =
                new ArrayList<>(conversation.messages().subList(0, turn));
        messages.add(Message.of(Message.ASSISTANT, PROBE));
        String probe = render(messages, Ending.COMPLETE).text();
        int shared = sharedLength(probe, prompt);
        int tag = probe.lastIndexOf('<', shared - 1);
        if (tag >= 0 && probe.substring(tag, shared).indexOf('>') < 0) {
            shared = tag; // both have a tag here, but different ones
        }
        int answer = probe.indexOf(PROBE);
        if (answer < shared
                || !TAG_OR_BLANK
                        .matcher(probe.substring(shared, answer))
                        .replaceAll("")
                        .isEmpty()) {
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

    /** The ways in which the last turn may be rendered when another turn follows. */
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
            return template.render(conversation, messages, ending);
        } catch (TemplateException e) {
            throw new RejectedRowException(TEMPLATE, e.getMessage());
        }
    }
}
