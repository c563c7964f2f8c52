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
 * Renders the columns of a row as text, with the spans that count in the loss.
 *
 * <p>{@code text}: the columns joined by the separator, all in the loss. {@code prompt_completion} and {@code alpaca}:
 * with a chat template a user message and an assistant message; without one, the completion directly follows the
 * prompt; lists of messages as prompt and completion form one conversation. {@code messages} and {@code sharegpt}: a
 * conversation, rendered by the chat template. {@code classification}: a text and the index of its class.
 *
 * @param columns by role; the default for a role is its own name
 * @param separator between joined columns
 * @param system a system message for conversations that have none; empty: none
 * @param labels names of the classes, by index
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

    /** The role of a column in a format. */
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
        Map<String, InputColumn> inputs = new LinkedHashMap<>();
        for (Role role : roles(format)) {
            boolean isRequired = role.isRequired() || columns.containsKey(role.name());
            if (role.content() == Content.OPTION && !isRequired && !chat.hasTemplate()) {
                continue; // this format does not use it
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

    /** Which special tokens the tokenizer has to add to the text. */
    public TextKind kind() {
        return format == Format.CLASSIFICATION
                ? TextKind.CLASSIFIED
                : chat.hasTemplate() && format != Format.TEXT ? TextKind.CHAT : TextKind.PLAIN;
    }

    /**
     * Renders one row.
     *
     * @param values by column, in the encoding of {@link InputColumn}; may be {@code null}
     * @throws RejectedRowException when a value is missing or invalid, or no text is left that counts in the loss
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
            case MESSAGES -> chat(MESSAGES, values, Layout.MESSAGES);
            case SHAREGPT -> chat(CONVERSATIONS, values, Layout.SHAREGPT);
        };
    }

    /**
     * The prompt for a question: rendered by the chat template with its generation prompt, or the question unchanged.
     *
     * @throws RejectedRowException when the template rejects it
     */
    public String prompt(String question) {
        if (!chat.hasTemplate()) {
            return question;
        }
        Conversation conversation = Conversation.of(List.of(Message.of("user", question)));
        return chat.prompt(conversation.withSystem(system).messages());
    }

    /**
     * Index of a row's class, given by name or number; empty for other formats.
     *
     * @throws RejectedRowException when it is neither
     */
    public OptionalInt label(Map<String, String> values) {
        if (format != Format.CLASSIFICATION) {
            return OptionalInt.empty();
        }
        String label = required(LABEL, values).strip();
        if (!labels.contains(label)) {
            label = label.replaceFirst("(?<=\\d)\\.0+$", ""); // pandas writes integers as floats in columns with nulls
        }
        int number = labels.indexOf(label);
        // otherwise 0 would mean the class "1" of classes "1" to "5"
        boolean areNumbered = labels.stream().noneMatch(RowFormat::isNumber);
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
        if (!chat.hasTemplate()) {
            throw new RejectedRowException(
                    TEMPLATE, "prompt and completion are messages, which need a chat template: see data.chat_template");
        }
        Conversation conversation = messages(PROMPT, prompt).completedBy(messages(COMPLETION, completion));
        return chat(conversation, system, values);
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
        String instruction = required(INSTRUCTION, values);
        String input = optional(INPUT, values);
        String own = optional(SYSTEM, values);
        String systemText = own.isBlank() ? system : own;
        String output = filled(OUTPUT, values);
        String between = chat.hasTemplate() ? "\n" : separator;
        String question = input.isBlank() ? instruction : instruction + between + input;
        if (chat.hasTemplate()) {
            return chat(Conversation.of(question, output), systemText, values);
        }
        return joined((systemText.isBlank() ? "" : systemText + separator) + question + separator, output);
    }

    private RenderedText joined(String prompt, String completion) {
        int start = trainOn == TrainOn.ALL ? 0 : prompt.length();
        String text = prompt + completion;
        return new RenderedText(text, List.of(new Span(start, text.length())));
    }

    private RenderedText chat(String role, Map<String, String> values, Layout layout) {
        Conversation conversation = Conversation.read(names(role).get(0), required(role, values), layout);
        String own = layout == Layout.SHAREGPT ? optional(SYSTEM, values) : "";
        return chat(conversation, own.isBlank() ? system : own, values);
    }

    /** @param systemText system message for a conversation without one */
    private RenderedText chat(Conversation conversation, String systemText, Map<String, String> values) {
        String tools = names(TOOLS).get(0);
        String variables = names(VARIABLES).get(0);
        Conversation whole = conversation
                .withSystem(systemText)
                .withTools(tools, format == Format.ALPACA ? null : values.get(tools))
                .withVariables(variables, values.get(variables));
        return TrainedTurns.render(chat, whole, trainOn);
    }

    /** The text of a role; rejects the row if it is empty. */
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

    /** The joined texts of a role, without null values. */
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
