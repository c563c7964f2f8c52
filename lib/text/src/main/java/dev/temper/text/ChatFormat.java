package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.jinja.Template;
import dev.temper.jinja.TemplateException;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The chat templates and variables with which rows are rendered, as transformers' {@code apply_chat_template} does.
 * Empty for formats without conversations and tokenizers without a template.
 *
 * @param templates by name: {@code default}, and {@code tool_use} for rows with tools; empty: no template
 * @param variables the tokenizer's special tokens, overridden by {@code data.chat_template_kwargs}
 * @param date result of {@code strftime_now}, as {@code 2026-11-22}; empty if no template calls it
 */
public record ChatFormat(Map<String, String> templates, Map<String, Object> variables, String date)
        implements Serializable {
    /** No template: columns are joined as they are. */
    public static final ChatFormat NONE = new ChatFormat(Map.of(), Map.of(), "");

    private static final ObjectMapper JSON = new ObjectMapper();
    static final String DEFAULT = "default";
    private static final String TOOL_USE = "tool_use";
    /** Templates that are used automatically; others must be named in the recipe. */
    private static final List<String> USED = List.of(DEFAULT, TOOL_USE);

    private static final Map<ChatFormat, Map<String, CompiledTemplate>> COMPILED = new ConcurrentHashMap<>();

    /**
     * The contents of a tokenizer's files that concern its chat template.
     *
     * @param location of the folder, for messages
     * @param templates by name, from separate template files
     */
    public record TokenizerFiles(
            String location, String tokenizerConfig, Optional<String> specialTokensMap, Map<String, String> templates) {
        public TokenizerFiles {
            templates = Map.copyOf(templates);
        }

        /** Reads the files of a folder; a missing tokenizer_config.json counts as an empty one. */
        public static TokenizerFiles read(Folder folder) throws IOException {
            return new TokenizerFiles(
                    folder.location(),
                    TokenizerClass.named(folder),
                    text(folder, "special_tokens_map.json"),
                    TemplateFiles.read(folder));
        }

        /** A copy with the template files of another folder, if it has any. */
        public TokenizerFiles withTemplates(Folder folder) throws IOException {
            Map<String, String> others = TemplateFiles.read(folder);
            return others.isEmpty() ? this : new TokenizerFiles(location, tokenizerConfig, specialTokensMap, others);
        }

        private static Optional<String> text(Folder folder, String name) throws IOException {
            return folder.bytes(name).isPresent() ? Optional.of(UntrustedFile.text(folder, name)) : Optional.empty();
        }
    }

    /** Whether a generation prompt follows the messages. */
    enum Ending {
        COMPLETE,
        ANSWER_BEGINS
    }

    public ChatFormat {
        templates = Collections.unmodifiableMap(new TreeMap<>(templates));
        variables = Collections.unmodifiableMap(new TreeMap<>(variables));
    }

    /**
     * The template that the recipe selects.
     *
     * @param today date that the template may show, unless the recipe sets one
     * @throws dev.temper.check.InvalidInputException when a template is required and there is none, or it is not valid
     */
    public static ChatFormat of(DataConfig data, TokenizerFiles files, LocalDate today) {
        if (!data.format().mayUseTemplate()) {
            return NONE;
        }
        TokenizerConfig config = TokenizerConfig.of(files);
        Map<String, String> templates =
                switch (data.chatTemplate()) {
                    case "none" -> Map.of();
                    case "auto" -> config.templates();
                    default -> Map.of(DEFAULT, named(data.chatTemplate(), config));
                };
        String origin = data.chatTemplate().equals("auto")
                ? "the chat template of " + files.location()
                : isTemplate(data.chatTemplate()) ? "data.chat_template" : "data.chat_template " + data.chatTemplate();
        boolean isNeeded = data.format().needsTemplate();
        check(
                !isNeeded || !templates.isEmpty(),
                "data.format %s needs a chat template, and %s: name one in data.chat_template",
                data.format().label(),
                data.chatTemplate().equals("none")
                        ? "data.chat_template is none"
                        : "the tokenizer of " + files.location() + " has none");
        Map<String, Object> variables = new HashMap<>(config.specialTokens());
        variables.putAll(data.chatTemplateKwargs());
        ChatFormat format = of(templates, variables, data.date().orElse(today.toString()), origin);
        check(
                data.date().isEmpty() || !format.date().isEmpty(),
                "data.date changes nothing, as the chat template does not ask for the day; leave it out");
        new TemplateVariables(data.chatTemplateKwargs()).verify(format, config.specialTokens());
        return format;
    }

    /**
     * The tokenizer's own template; {@link #NONE} if it has none.
     *
     * @param today date that the template may show
     * @throws dev.temper.check.InvalidInputException when it is not a valid template
     */
    public static ChatFormat of(TokenizerFiles files, LocalDate today) {
        TokenizerConfig config = TokenizerConfig.of(files);
        String origin = "the chat template of " + files.location();
        return of(config.templates(), config.specialTokens(), today.toString(), origin);
    }

    /**
     * Another template with the tokenizer's special tokens.
     *
     * @param template its text
     * @param today date that the template may show
     * @throws dev.temper.check.InvalidInputException when it is not a valid template
     */
    public static ChatFormat of(TokenizerFiles files, String template, LocalDate today) {
        verify("chatTemplate", template);
        Map<String, Object> variables = TokenizerConfig.of(files).specialTokens();
        return of(Map.of(DEFAULT, template), variables, today.toString(), "chatTemplate");
    }

    /**
     * Checks the syntax of a template.
     *
     * @param origin where it comes from, for messages
     * @throws dev.temper.check.InvalidInputException when it is not a valid template
     */
    public static void verify(String origin, String template) {
        check(isTemplate(template), "%s is no text of a template: there is no {{ or {%% in it", origin);
        new ChatFormat(Map.of(DEFAULT, template), Map.of(), "").verifyTemplates(origin);
    }

    /** Whether a text is a template, and not a name or a location. */
    public static boolean isTemplate(String text) {
        return text.contains("{{") || text.contains("{%");
    }

    /** Whether a tokenizer's folder has a chat template. */
    public static boolean isIn(Folder folder) throws IOException {
        return !TokenizerConfig.of(TokenizerFiles.read(folder)).templates().isEmpty();
    }

    private static ChatFormat of(
            Map<String, String> templates, Map<String, Object> variables, String today, String origin) {
        if (templates.isEmpty()) {
            return NONE;
        }
        boolean tellsDate = templates.values().stream().anyMatch(text -> text.contains("strftime_now"));
        ChatFormat format = new ChatFormat(templates, variables, tellsDate ? today : "");
        format.verifyTemplates(origin);
        return format;
    }

    /** A copy with another date. */
    public ChatFormat at(LocalDate today) {
        return date.isEmpty() ? this : new ChatFormat(templates, variables, today.toString());
    }

    /**
     * The prompt for an answer: the rendered messages, followed by the generation prompt.
     *
     * @param messages each with {@code role} and {@code content}
     * @throws RejectedRowException when the template rejects them
     */
    public String prompt(List<Map<String, Object>> messages) {
        return prompt(Conversation.of(messages));
    }

    /** The same with the tools and variables of a row. */
    String prompt(Conversation conversation) {
        try {
            return template(conversation)
                    .render(conversation, conversation.messages(), Ending.ANSWER_BEGINS)
                    .text();
        } catch (TemplateException e) {
            throw new RejectedRowException(RejectedRowException.Reason.TEMPLATE, e.getMessage());
        }
    }

    /** The text of a template, given by its name in the tokenizer, by one of our names, or as text. */
    private static String named(String template, TokenizerConfig config) {
        if (config.templates().containsKey(template)) {
            return config.templates().get(template);
        }
        Optional<String> known = isTemplate(template) ? Optional.of(template) : NamedTemplates.find(template);
        check(
                known.isPresent(),
                "data.chat_template: %s is no file; write auto, none, one of %s, the text of a template or where one"
                        + " is",
                template,
                String.join(", ", NamedTemplates.names()));
        return known.get();
    }

    private void verifyTemplates(String origin) {
        check(
                templates.containsKey(DEFAULT),
                "%s has no default but only %s: give the text of one as data.chat_template",
                origin,
                String.join(", ", templates.keySet()));
        for (String name : USED) {
            try {
                Template.parse(templates.getOrDefault(name, ""));
            } catch (TemplateException e) {
                String place = templates.size() > 1 ? origin + ", " + name : origin;
                throw invalid("%s is no valid template: %s", place, e.getMessage());
            }
        }
    }

    /** Everything that determines the rendered text, as one line; {@link #parse} reads it. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    public static ChatFormat parse(String json) {
        try {
            return JSON.readValue(json, ChatFormat.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no chat format: " + json, e);
        }
    }

    /** The template for rows without tools; empty if there is none. */
    public Optional<String> defaultTemplate() {
        return Optional.ofNullable(templates.get(DEFAULT));
    }

    /** Whether there is a template. */
    public boolean hasTemplate() {
        return !templates.isEmpty();
    }

    /** The template for a conversation; parsed once per process. */
    CompiledTemplate template(Conversation conversation) {
        Map<String, CompiledTemplate> compiled = COMPILED.computeIfAbsent(this, ChatFormat::compiled);
        CompiledTemplate toolUse = conversation.tools() == null ? null : compiled.get(TOOL_USE);
        return toolUse == null ? compiled.get(DEFAULT) : toolUse;
    }

    private Map<String, CompiledTemplate> compiled() {
        Map<String, CompiledTemplate> compiled = new HashMap<>();
        for (String name : USED) {
            if (templates.containsKey(name)) {
                compiled.put(name, new CompiledTemplate(templates.get(name), variables, date));
            }
        }
        return compiled;
    }
}
