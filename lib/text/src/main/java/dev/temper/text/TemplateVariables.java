package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** {@code data.chat_template_kwargs}: variables of a chat template, and the statements that make them its defaults. */
record TemplateVariables(Map<String, Object> values) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*");
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");
    /** transformers passes it to every template, usually empty. */
    private static final String DOCUMENTS = "documents";

    /**
     * Names that a row or recipe must not set: they are set elsewhere, or determine which part of a row counts in the
     * loss.
     */
    static final Set<String> TAKEN =
            Set.of("messages", "tools", "add_generation_prompt", "continue_final_message", "chat_template");

    TemplateVariables {
        values = new TreeMap<>(values); // sorted, so that equal variables give equal statements
    }

    /**
     * Checks that each is a variable of the templates.
     *
     * @param special the tokenizer's special tokens by name, which templates can use as well
     * @throws dev.temper.check.InvalidInputException when one must not be set, or has no effect
     */
    void verify(ChatFormat format, Map<String, Object> special) {
        check(
                values.isEmpty() || format.hasTemplate(),
                "data.chat_template_kwargs changes nothing, as there is no chat template: name one in"
                        + " data.chat_template, or leave it out");
        for (Map.Entry<String, Object> variable : values.entrySet()) {
            String name = variable.getKey();
            check(
                    NAME.matcher(name).matches() && !CONSTANTS.contains(name),
                    "data.chat_template_kwargs: '%s' cannot be the name of a variable; write letters, digits and _",
                    name);
            check(
                    !TAKEN.contains(name),
                    "data.chat_template_kwargs: %s cannot be set there, as each row has its own; leave it out",
                    name);
            Pattern used = Pattern.compile("(?<![\\p{L}\\p{N}_])" + name + "(?![\\p{L}\\p{N}_])");
            boolean isToken = special.containsKey(name) || SpecialTokens.ROLES.contains(name);
            check(
                    isToken
                            || format.templates().values().stream()
                                    .anyMatch(text -> used.matcher(text).find()),
                    "data.chat_template_kwargs: %s changes nothing, as the chat template has no such variable; write"
                            + " the name that stands there, or leave it out",
                    name);
            literal(variable.getValue());
        }
    }

    /**
     * Statements at the beginning of a template that set the variables, one per line. Values that a caller passes take
     * precedence, except for names that every caller passes.
     *
     * @param special names of the tokenizer's special tokens
     */
    String head(Set<String> special) {
        return values.entrySet().stream()
                .map(variable -> {
                    String name = variable.getKey();
                    String value = literal(variable.getValue());
                    boolean isAlwaysGiven = special.contains(name) || name.equals(DOCUMENTS);
                    return "{%- set "
                            + name
                            + " = "
                            + (isAlwaysGiven ? value : name + " if " + name + " is defined else " + value)
                            + " %}\n"; // trim_blocks removes the line's end
                })
                .collect(Collectors.joining());
    }

    /** A value as a template literal: JSON, which Jinja reads the same way, except for null. */
    private static String literal(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> literal(entry.getKey()) + ": " + literal(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(TemplateVariables::literal).collect(Collectors.joining(", ", "[", "]"));
        }
        boolean isFinite = !(value instanceof Double number) || Double.isFinite(number);
        if (value == null || !isFinite) {
            check(isFinite, "data.chat_template_kwargs: %s is no number that a template can be given", value);
            return "none";
        }
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw invalid("data.chat_template_kwargs: %s is no value that a template can be given", value);
        }
    }
}
