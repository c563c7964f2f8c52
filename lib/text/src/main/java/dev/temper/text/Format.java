package dev.temper.text;

import dev.temper.text.InputColumn.Content;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the columns of a data set mean; {@code data.format} in the recipe. */
public enum Format {
    TEXT(Template.NONE, Optional.of(Role.TEXT), Role.required(Role.TEXT, Content.TEXT)),
    PROMPT_COMPLETION(
            Template.OPTIONAL,
            Optional.of(Role.PROMPT),
            Role.required(Role.PROMPT, Content.TEXT_OR_MESSAGES),
            Role.required(Role.COMPLETION, Content.TEXT_OR_MESSAGES),
            Role.optional(Role.TOOLS, Content.OPTION),
            Role.optional(Role.VARIABLES, Content.OPTION)),
    MESSAGES(
            Template.REQUIRED,
            Optional.empty(),
            Role.required(Role.MESSAGES, Content.JSON),
            Role.optional(Role.TOOLS, Content.JSON),
            Role.optional(Role.VARIABLES, Content.OPTION)),
    SHAREGPT(
            Template.REQUIRED,
            Optional.empty(),
            Role.required(Role.CONVERSATIONS, Content.JSON),
            Role.optional(Role.SYSTEM, Content.TEXT),
            Role.optional(Role.TOOLS, Content.JSON),
            Role.optional(Role.VARIABLES, Content.OPTION)),
    ALPACA(
            Template.OPTIONAL,
            Optional.empty(),
            Role.required(Role.INSTRUCTION, Content.TEXT),
            Role.optional(Role.INPUT, Content.TEXT),
            Role.required(Role.OUTPUT, Content.TEXT),
            Role.optional(Role.SYSTEM, Content.TEXT),
            Role.optional(Role.VARIABLES, Content.OPTION)),
    CLASSIFICATION(new ClassLabel(), Content.LABEL),
    REGRESSION(new NumberLabel(), Content.NUMBER),
    MULTI_LABEL(new LabelSet(), Content.LABELS);

    /** Whether a chat template writes the rows. */
    private enum Template {
        NONE,
        OPTIONAL,
        REQUIRED
    }

    private final Template template;

    @SuppressWarnings("ImmutableEnumChecker") // of a text
    private final Optional<String> asked;

    @SuppressWarnings("ImmutableEnumChecker") // what it holds is never changed
    private final List<Role> roles;

    @SuppressWarnings("ImmutableEnumChecker") // it has no state
    private final Optional<LabelFormat> label;

    Format(Template template, Optional<String> asked, Role... roles) {
        this.template = template;
        this.asked = asked;
        this.roles = List.of(roles);
        this.label = Optional.empty();
    }

    /** A text, of which no token is learned but what another column says of it. */
    Format(LabelFormat label, Content content) {
        this.template = Template.NONE;
        this.asked = Optional.of(Role.TEXT);
        this.roles = List.of(
                Role.required(Role.TEXT, Content.TEXT),
                Role.required(label.role(), content),
                Role.optional(Role.TEXT_PAIR, Content.TEXT));
        this.label = Optional.of(label);
    }

    /** As recipes write it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Which columns there are. */
    List<Role> roles() {
        return roles;
    }

    /** How the labels of rows are read; empty where the tokens themselves are learned. */
    public Optional<LabelFormat> labels() {
        return label;
    }

    /** Whether a chat template may write the rows. */
    public boolean mayUseTemplate() {
        return template != Template.NONE;
    }

    /** Whether rows are conversations, which nothing but a chat template writes. */
    public boolean needsTemplate() {
        return template == Template.REQUIRED;
    }

    /** The role of the column with the text that a model is asked; empty where it has to be taken out of others. */
    public Optional<String> asked() {
        return asked;
    }
}
