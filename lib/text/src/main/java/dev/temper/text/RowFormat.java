package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.TEMPLATE;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.Message.Layout;
import dev.temper.text.RenderedText.Span;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Turns the columns of a row into its text, and says which part of it is learned.
 *
 * <p>{@code text}: the columns joined by the separator, all learned. {@code prompt_completion} and {@code alpaca}: with
 * a chat template a question of the user and an answer of the assistant; without one the prompt and right after it the
 * completion; lists of messages as prompt and completion are one conversation. {@code messages} and {@code sharegpt}:
 * the conversation through the chat template. {@code classification}: the text and the number of its class.
 *
 * @param columns by role; a role left out is its own name
 * @param separator between joined columns
 * @param system a system message for conversations that have none; empty: none
 * @param labels names of the classes, by number
 */
public record RowFormat(
        Format format,
        Map<String, List<String>> columns,
        String separator,
        String system,
        TrainOn trainOn,
        List<String> labels,
        ChatFormat chat)
        implements Serializable {
    private static final List<String> ANSWERS = List.of(Role.COMPLETION, Role.OUTPUT, Role.LABEL, Role.LABELS);
    private static final int[] NO_LABEL = {};

    public RowFormat {
        columns = new TreeMap<>(columns);
        labels = List.copyOf(labels);
        List<String> given = labels;
        List<String> names = format.roles().stream().map(Role::name).toList();
        for (Map.Entry<String, List<String>> entry : columns.entrySet()) {
            String role = entry.getKey();
            check(
                    names.contains(role),
                    "data.columns: format %s has no %s%s; it has %s",
                    format.label(),
                    role,
                    nearest(role, names).map(name -> " (" + name + "?)").orElse(""),
                    String.join(", ", names));
            check(!entry.getValue().isEmpty(), "data.columns must name at least one column for each of %s", names);
        }
        for (Role role : format.roles()) {
            check(
                    role.content() == Content.TEXT
                            || role.content() == Content.TEXT_OR_MESSAGES
                            || columns.getOrDefault(role.name(), List.of()).size() < 2,
                    "data.columns: %s must be one column, only texts are joined",
                    role.name());
        }
        format.labels().ifPresent(label -> label.verify(given));
        check(
                system.isBlank() || chat.hasTemplate() || format == Format.ALPACA,
                "data.system needs a chat template to write it: leave it out, or name one in data.chat_template");
    }

    public static RowFormat of(DataConfig data, List<String> labels, ChatFormat chat) {
        return new RowFormat(
                data.format(),
                data.columns(),
                data.separator(),
                data.system().orElse(""),
                data.trainOn(),
                labels,
                chat);
    }

    /** The columns that a format reads, each once. */
    public List<InputColumn> inputColumns() {
        return inputColumns(format.roles());
    }

    /** Those of them that {@link #question} reads: all but the answer. */
    public List<InputColumn> questionColumns() {
        return inputColumns(format.roles().stream()
                .filter(role -> !ANSWERS.contains(role.name()))
                .toList());
    }

    private List<InputColumn> inputColumns(List<Role> read) {
        Map<String, InputColumn> inputs = new LinkedHashMap<>();
        for (Role role : read) {
            boolean isRequired = role.isRequired() || columns.containsKey(role.name());
            boolean isIdle = role.content() == Content.OPTION
                    ? !chat.hasTemplate()
                    : role.name().equals(Role.TEXT_PAIR);
            if (isIdle && !isRequired) {
                continue; // nothing would read it
            }
            for (String column : names(role.name())) {
                inputs.merge(
                        column,
                        new InputColumn(column, role.content(), isRequired),
                        (a, b) -> new InputColumn(column, a.content(), a.required() || b.required()));
            }
        }
        return List.copyOf(inputs.values());
    }

    /** What the tokenizer has to add to the text. */
    public TextKind kind() {
        if (format.labels().isPresent()) {
            return isPair() ? TextKind.PAIR : TextKind.CLASSIFIED;
        }
        return chat.hasTemplate() && format.mayUseTemplate() ? TextKind.CHAT : TextKind.PLAIN;
    }

    /**
     * @param values by column, as {@link InputColumn} carries them; {@code null} included
     * @throws RejectedRowException when a value is missing or not what the format needs, or when nothing is left to
     *     learn
     */
    public RenderedText render(Map<String, String> values) {
        return switch (format) {
            case TEXT -> {
                String text = filled(Role.TEXT, values);
                yield new RenderedText(text, List.of(new Span(0, text.length())));
            }
            case PROMPT_COMPLETION -> promptAndCompletion(values);
            case ALPACA -> alpaca(values);
            case MESSAGES -> TrainedTurns.render(chat, conversation(Role.MESSAGES, values, Layout.MESSAGES), trainOn);
            case SHAREGPT -> TrainedTurns.render(
                    chat, conversation(Role.CONVERSATIONS, values, Layout.SHAREGPT), trainOn);
            default -> isPair()
                    ? RenderedText.ofPair(filled(Role.TEXT, values), filled(Role.TEXT_PAIR, values))
                    : new RenderedText(filled(Role.TEXT, values), List.of()); // of which no token is learned
        };
    }

    private boolean isPair() {
        return columns.containsKey(Role.TEXT_PAIR);
    }

    /**
     * What a model is given to answer a question: as the chat template writes it, or the question as it is.
     *
     * @throws RejectedRowException when the template refuses it
     */
    public String prompt(String question) {
        if (!chat.hasTemplate()) {
            return question;
        }
        Conversation conversation = Conversation.of(List.of(Message.of("user", question)));
        return chat.prompt(conversation.withSystem(system).messages());
    }

    /**
     * What a model is given to answer a row: what stands before its answer, as {@link #render} writes it, whether the
     * row has an answer or not.
     *
     * @param values as for {@link #render}, of {@link #questionColumns}
     * @throws RejectedRowException as there
     */
    public String question(Map<String, String> values) {
        return switch (format) {
            case TEXT -> required(Role.TEXT, values);
            case PROMPT_COMPLETION -> {
                String prompt = required(Role.PROMPT, values);
                boolean areMessages = prompt.contains(InputColumn.NESTED);
                verifyTemplate(areMessages);
                yield areMessages
                        ? chat.prompt(whole(messages(Role.PROMPT, prompt), system, values))
                        : question(prompt, system, values);
            }
            case ALPACA -> alpacaQuestion(values);
            case MESSAGES -> chat.prompt(
                    conversation(Role.MESSAGES, values, Layout.MESSAGES).unanswered());
            case SHAREGPT -> chat.prompt(
                    conversation(Role.CONVERSATIONS, values, Layout.SHAREGPT).unanswered());
            default -> required(Role.TEXT, values);
        };
    }

    /**
     * The second text of a pair.
     *
     * @throws RejectedRowException when there is none
     */
    public String textPair(Map<String, String> values) {
        return required(Role.TEXT_PAIR, values);
    }

    private String question(String text, String systemText, Map<String, String> values) {
        if (!chat.hasTemplate()) {
            return text;
        }
        return chat.prompt(whole(Conversation.of(List.of(Message.of("user", text))), systemText, values));
    }

    /**
     * What a row teaches besides its text, in as many words as {@link #labelWords}; empty where that is nothing.
     *
     * @throws RejectedRowException when it is not what the format needs
     */
    public int[] label(Map<String, String> values) {
        return format.labels()
                .map(label -> label.read(
                        required(label.role(), values),
                        labels,
                        names(label.role()).get(0)))
                .orElse(NO_LABEL);
    }

    /** How many words of 32 bits the label of each row has. */
    public int labelWords() {
        return format.labels().map(label -> label.words(labels)).orElse(0);
    }

    private RenderedText promptAndCompletion(Map<String, String> values) {
        String prompt = required(Role.PROMPT, values);
        String completion = required(Role.COMPLETION, values);
        boolean areMessages = prompt.contains(InputColumn.NESTED) || completion.contains(InputColumn.NESTED);
        if (!areMessages) {
            String answer = filled(Role.COMPLETION, values);
            return chat.hasTemplate() ? chat(Conversation.of(prompt, answer), system, values) : joined(prompt, answer);
        }
        verifyTemplate(true);
        Conversation conversation = messages(Role.PROMPT, prompt).completedBy(messages(Role.COMPLETION, completion));
        return chat(conversation, system, values);
    }

    private void verifyTemplate(boolean areMessages) {
        if (areMessages && !chat.hasTemplate()) {
            throw new RejectedRowException(
                    TEMPLATE, "prompt and completion are messages, which need a chat template: see data.chat_template");
        }
    }

    private Conversation messages(String role, String value) {
        String column = String.join(", ", names(role));
        if (!value.startsWith(InputColumn.NESTED) || value.lastIndexOf(InputColumn.NESTED) > 0) {
            throw new RejectedRowException(
                    WRONG_TYPE, column + " must be a list of messages, as the other one of prompt and completion is");
        }
        String json = value.substring(InputColumn.NESTED.length());
        return Conversation.read(column, json, Layout.EITHER);
    }

    private RenderedText alpaca(Map<String, String> values) {
        String instruction = alpacaInstruction(values);
        String output = filled(Role.OUTPUT, values);
        return chat.hasTemplate()
                ? chat(Conversation.of(instruction, output), alpacaSystem(values), values)
                : joined(alpacaQuestion(values), output);
    }

    private String alpacaQuestion(Map<String, String> values) {
        String systemText = alpacaSystem(values);
        return chat.hasTemplate()
                ? question(alpacaInstruction(values), systemText, values)
                : (systemText.isBlank() ? "" : systemText + separator) + alpacaInstruction(values) + separator;
    }

    private String alpacaInstruction(Map<String, String> values) {
        String instruction = required(Role.INSTRUCTION, values);
        String input = optional(Role.INPUT, values);
        String between = chat.hasTemplate() ? "\n" : separator;
        return input.isBlank() ? instruction : instruction + between + input;
    }

    private String alpacaSystem(Map<String, String> values) {
        String own = optional(Role.SYSTEM, values);
        return own.isBlank() ? system : own;
    }

    private RenderedText joined(String prompt, String completion) {
        int start = trainOn == TrainOn.ALL ? 0 : prompt.length();
        String text = prompt + completion;
        return new RenderedText(text, List.of(new Span(start, text.length())));
    }

    private RenderedText chat(Conversation conversation, String systemText, Map<String, String> values) {
        return TrainedTurns.render(chat, whole(conversation, systemText, values), trainOn);
    }

    /** The conversation of a row whose format has one. */
    private Conversation conversation(String role, Map<String, String> values, Layout layout) {
        Conversation conversation = Conversation.read(names(role).get(0), required(role, values), layout);
        String own = layout == Layout.SHAREGPT ? optional(Role.SYSTEM, values) : "";
        return whole(conversation, own.isBlank() ? system : own, values);
    }

    /** @param systemText for a conversation without one */
    private Conversation whole(Conversation conversation, String systemText, Map<String, String> values) {
        String tools = names(Role.TOOLS).get(0);
        String variables = names(Role.VARIABLES).get(0);
        return conversation
                .withSystem(systemText)
                .withTools(tools, format == Format.ALPACA ? null : values.get(tools))
                .withVariables(variables, values.get(variables));
    }

    /** The text of a role, of which something is learned. */
    private String filled(String role, Map<String, String> values) {
        String text = required(role, values);
        if (text.isBlank()) {
            throw new RejectedRowException(EMPTY, "nothing in " + String.join(", ", names(role)));
        }
        return text;
    }

    private String required(String role, Map<String, String> values) {
        List<String> names = names(role);
        for (String column : names) {
            if (values.get(column) == null) {
                throw new RejectedRowException(NULL_VALUE, "null in " + column);
            }
        }
        return optional(role, values);
    }

    /** The texts of a role joined, without those that are null. */
    private String optional(String role, Map<String, String> values) {
        List<String> names = names(role);
        if (names.size() == 1) {
            String value = values.get(names.get(0));
            return value == null ? "" : value;
        }
        List<String> parts = new ArrayList<>();
        for (String column : names) {
            if (values.get(column) != null) {
                parts.add(values.get(column));
            }
        }
        return String.join(separator, parts);
    }

    private List<String> names(String role) {
        List<String> names = columns.get(role);
        return names == null ? List.of(role) : names;
    }
}
