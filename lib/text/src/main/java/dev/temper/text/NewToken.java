package dev.temper.text;

import static dev.temper.check.Check.check;

import java.util.Optional;

/**
 * A token to add to a tokenizer; {@code model.add_tokens} in the recipe.
 *
 * @param content text of the token
 * @param special whether it is left out of generated texts and matched before normalization; empty: neither
 */
public record NewToken(String content, Optional<Boolean> special) {
    public NewToken {
        check(!content.isBlank(), "model.add_tokens: '%s' is blank, and no token", content);
    }

    /** A token that is not special. */
    public static NewToken of(String content) {
        return new NewToken(content, Optional.empty());
    }

    boolean isSpecial() {
        return special.orElse(false);
    }
}
