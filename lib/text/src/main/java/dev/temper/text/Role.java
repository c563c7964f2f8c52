package dev.temper.text;

import dev.temper.text.InputColumn.Content;

/** What a column of a format is for. */
record Role(String name, Content content, boolean isRequired) {
    static final String TEXT = "text";
    static final String PROMPT = "prompt";
    static final String COMPLETION = "completion";
    static final String MESSAGES = "messages";
    static final String CONVERSATIONS = "conversations";
    static final String TOOLS = "tools";
    static final String VARIABLES = "chat_template_kwargs";
    static final String SYSTEM = "system";
    static final String INSTRUCTION = "instruction";
    static final String INPUT = "input";
    static final String OUTPUT = "output";
    static final String LABEL = "label";
    static final String LABELS = "labels";
    static final String TEXT_PAIR = "text_pair";

    static Role required(String name, Content content) {
        return new Role(name, content, true);
    }

    static Role optional(String name, Content content) {
        return new Role(name, content, false);
    }
}
