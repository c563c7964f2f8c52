package dev.temper.text;

import static dev.temper.check.Check.check;

import java.util.Optional;

/**
 * A token that a tokenizer shall have; {@code model.add_tokens} in the recipe.
 *
 * @param content as it is written in a text
 * @param special it is left out of generated texts, and found before a text is normalized; empty: neither
 */
public record NewToken(String content, Optional<Boolean> special) {
    public NewToken {
        check(!content.isBlank(), "model.add_tokens: '%s' is blank, and no token", content);
    }

    /** The usual kind. */
    public static NewToken of(String content) {
        return new NewToken(content, Optional.empty());
    }

    boolean isSpecial() {
        return special.orElse(false);
    }
}
