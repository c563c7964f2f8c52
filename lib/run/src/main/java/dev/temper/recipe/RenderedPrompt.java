package dev.temper.recipe;

import dev.temper.eval.Prompts;
import dev.temper.text.Encoding;
import dev.temper.text.Tokenizer;
import java.io.Serializable;

/**
 * What the model is asked; travels to the workers.
 *
 * @param text as the recipe has it
 * @param rendered as the model gets it
 * @param isChat whether the text holds its special tokens
 */
public record RenderedPrompt(String text, String rendered, boolean isChat) implements Serializable {
    public Prompts.Question question(Tokenizer tokenizer) {
        Encoding encoding = isChat ? tokenizer.encodePlain(rendered) : tokenizer.encode(rendered);
        return new Prompts.Question(text, encoding.ids());
    }
}
