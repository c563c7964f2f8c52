package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.text.RejectedRowException.Reason.EMPTY;
import static dev.temper.text.RejectedRowException.Reason.NULL_VALUE;
import static dev.temper.text.RejectedRowException.Reason.TEMPLATE;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_LABEL;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.Message.Layout;
import dev.temper.text.RenderedText.Span;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
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
    private static final String TEXT = "text";
    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";
    private static final String MESSAGES = "messages";
    private static final String CONVERSATIONS = "conversations";
    private static final String TOOLS = "tools";
    private static final String VARIABLES = "chat_template_kwargs";
    private static final String SYSTEM = "system";
    private static final String INSTRUCTION = "instruction";
    private static final String INPUT = "input";
    private static final String OUTPUT = "output";
    private static final String LABEL = "label";
    private static final List<String> ANSWERS = List.of(COMPLETION, OUTPUT, LABEL);

    /** What a column of a format is for. */
    private record Role(String name, Content content, boolean isRequired) {}

    public RowFormat {
        columns = new TreeMap<>(columns);
        labels = List.copyOf(labels);
        List<String> names = roles(format).stream().map(Role::name).toList();
        for (Map.Entry<String, List<String>> entry : columns.entrySet()) {
            String role = entry.getKey();
            check(
                    names.contains(role),
                    "data.columns: format %s has no %s%s; it has %s",
                    format.name().toLowerCase(Locale.ROOT),
                    role,
                    nearest(role, names).map(name -> " (" + name + "?)").orElse(""),
                    String.join(", ", names));
            check(!entry.getValue().isEmpty(), "data.columns must name at least one column for each of %s", names);
        }
        for (Role role : roles(format)) {
            check(
                    role.content() == Content.TEXT
                            || role.content() == Content.TEXT_OR_MESSAGES
                            || columns.getOrDefault(role.name(), List.of()).size() < 2,
                    "data.columns: %s must be one column, only texts are joined",
                    role.name());
        }
        check(
                format != Format.CLASSIFICATION || !labels.isEmpty(),
                "data.format classification needs the names of the classes as model.labels");
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
        return inputColumns(roles(format));
    }

    /** Those of them that {@link #question} reads: all but the answer. */
    public List<InputColumn> questionColumns() {
        return inputColumns(roles(format).stream()
                .filter(role -> !ANSWERS.contains(role.name()))
                .toList());
    }

    private List<InputColumn> inputColumns(List<Role> read) {
        Map<String, InputColumn> inputs = new LinkedHashMap<>();
        for (Role role : read) {
            boolean isRequired = role.isRequired() || columns.containsKey(role.name());
            if (role.content() == Content.OPTION && !isRequired && !chat.hasTemplate()) {
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
        return format == Format.CLASSIFICATION
                ? TextKind.CLASSIFIED
                : chat.hasTemplate() && format != Format.TEXT ? TextKind.CHAT : TextKind.PLAIN;
    }

    /**
     * @param values by column, as {@link InputColumn} carries them; {@code null} included
     * @throws RejectedRowException when a value is missing or not what the format needs, or when nothing is left to
     *     learn
     */
    public RenderedText render(Map<String, String> values) {
        return switch (format) {
            case TEXT -> {
                String text = filled(TEXT, values);
                yield new RenderedText(text, List.of(new Span(0, text.length())));
            }
            case CLASSIFICATION -> new RenderedText(filled(TEXT, values), List.of());
            case PROMPT_COMPLETION -> promptAndCompletion(values);
            case ALPACA -> alpaca(values);
            case MESSAGES -> TrainedTurns.render(chat, conversation(MESSAGES, values, Layout.MESSAGES), trainOn);
            case SHAREGPT -> TrainedTurns.render(chat, conversation(CONVERSATIONS, values, Layout.SHAREGPT), trainOn);
        };
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
            case TEXT, CLASSIFICATION -> required(TEXT, values);
            case PROMPT_COMPLETION -> {
                String prompt = required(PROMPT, values);
                boolean areMessages = prompt.contains(InputColumn.NESTED);
                verifyTemplate(areMessages);
                yield areMessages
                        ? chat.prompt(whole(messages(PROMPT, prompt), system, values))
                        : question(prompt, system, values);
            }
            case ALPACA -> alpacaQuestion(values);
            case MESSAGES -> chat.prompt(
                    conversation(MESSAGES, values, Layout.MESSAGES).unanswered());
            case SHAREGPT -> chat.prompt(
                    conversation(CONVERSATIONS, values, Layout.SHAREGPT).unanswered());
        };
    }

    private String question(String text, String systemText, Map<String, String> values) {
        if (!chat.hasTemplate()) {
            return text;
        }
        return chat.prompt(whole(Conversation.of(List.of(Message.of("user", text))), systemText, values));
    }

    /**
     * The class of a row by its name, or by its number; empty for other formats.
     *
     * @throws RejectedRowException when it is neither
     */
    public OptionalInt label(Map<String, String> values) {
        if (format != Format.CLASSIFICATION) {
            return OptionalInt.empty();
        }
        String label = required(LABEL, values).strip();
        if (!labels.contains(label)) {
            label = label.replaceFirst("(?<=\\d)\\.0+$", ""); // what pandas makes of integers with nulls beside them
        }
        int number = labels.indexOf(label);
        boolean areNumbered = labels.stream().noneMatch(RowFormat::isNumber); // else 0 of 1 to 5 would be the class 1
        if (number < 0 && areNumbered && isNumber(label)) {
            number = Integer.parseInt(label);
        }
        if (number < 0 || number >= labels.size()) {
            throw new RejectedRowException(
                    UNKNOWN_LABEL,
                    "'%s' in %s is %s one of the labels %s%s"
                            .formatted(
                                    shortened(label),
                                    names(LABEL).get(0),
                                    areNumbered ? "neither" : "not",
                                    shortened(String.join(", ", labels)),
                                    areNumbered ? " nor a number from 0 to " + (labels.size() - 1) : ""));
        }
        return OptionalInt.of(number);
    }

    private static boolean isNumber(String label) {
        return label.matches("\\d{1,9}");
    }

    private RenderedText promptAndCompletion(Map<String, String> values) {
        String prompt = required(PROMPT, values);
        String completion = required(COMPLETION, values);
        boolean areMessages = prompt.contains(InputColumn.NESTED) || completion.contains(InputColumn.NESTED);
        if (!areMessages) {
            String answer = filled(COMPLETION, values);
            return chat.hasTemplate() ? chat(Conversation.of(prompt, answer), system, values) : joined(prompt, answer);
        }
        verifyTemplate(true);
        Conversation conversation = messages(PROMPT, prompt).completedBy(messages(COMPLETION, completion));
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
        String output = filled(OUTPUT, values);
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
        String instruction = required(INSTRUCTION, values);
        String input = optional(INPUT, values);
        String between = chat.hasTemplate() ? "\n" : separator;
        return input.isBlank() ? instruction : instruction + between + input;
    }

    private String alpacaSystem(Map<String, String> values) {
        String own = optional(SYSTEM, values);
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
        String own = layout == Layout.SHAREGPT ? optional(SYSTEM, values) : "";
        return whole(conversation, own.isBlank() ? system : own, values);
    }

    /** @param systemText for a conversation without one */
    private Conversation whole(Conversation conversation, String systemText, Map<String, String> values) {
        String tools = names(TOOLS).get(0);
        String variables = names(VARIABLES).get(0);
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

    private static String shortened(String text) {
        return text.length() > 80 ? text.substring(0, 80) + "…" : text;
    }

    private static List<Role> roles(Format format) {
        return switch (format) {
            case TEXT -> List.of(new Role(TEXT, Content.TEXT, true));
            case PROMPT_COMPLETION -> List.of(
                    new Role(PROMPT, Content.TEXT_OR_MESSAGES, true),
                    new Role(COMPLETION, Content.TEXT_OR_MESSAGES, true),
                    new Role(TOOLS, Content.OPTION, false),
                    new Role(VARIABLES, Content.OPTION, false));
            case MESSAGES -> List.of(
                    new Role(MESSAGES, Content.JSON, true),
                    new Role(TOOLS, Content.JSON, false),
                    new Role(VARIABLES, Content.OPTION, false));
            case SHAREGPT -> List.of(
                    new Role(CONVERSATIONS, Content.JSON, true),
                    new Role(SYSTEM, Content.TEXT, false),
                    new Role(TOOLS, Content.JSON, false),
                    new Role(VARIABLES, Content.OPTION, false));
            case ALPACA -> List.of(
                    new Role(INSTRUCTION, Content.TEXT, true),
                    new Role(INPUT, Content.TEXT, false),
                    new Role(OUTPUT, Content.TEXT, true),
                    new Role(SYSTEM, Content.TEXT, false),
                    new Role(VARIABLES, Content.OPTION, false));
            case CLASSIFICATION -> List.of(new Role(TEXT, Content.TEXT, true), new Role(LABEL, Content.LABEL, true));
        };
    }
}
