package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * Tokens whose rows are trained alone: {@code adapter.trainable_token_indices} in the recipe, where a token may stand
 * for its id, and PEFT's field, which has ids. A list is of the embedding, a mapping goes from names of modules to
 * lists.
 */
public final class TokenChoice {
    /** Instead of a list: the tokens of {@code model.add_tokens}; instead of a mapping, in the output head, too. */
    static final String ADDED = "added";

    private static final String KEY = "adapter.trainable_token_indices";

    private TokenChoice() {}

    /** Whether it names nothing. */
    static boolean isNone(Object choice) {
        return (choice instanceof List<?> list && list.isEmpty())
                || (choice instanceof Map<?, ?> modules && modules.isEmpty());
    }

    /** @throws dev.temper.check.InvalidInputException when it has another form */
    static void verify(Object choice) {
        if (choice instanceof Map<?, ?> modules) {
            modules.values().forEach(TokenChoice::verifyList);
        } else {
            verifyList(choice);
        }
    }

    private static void verifyList(Object list) {
        boolean isList = list instanceof List<?> items
                && items.stream().allMatch(item -> item instanceof String || item instanceof Integer);
        check(
                isList || ADDED.equals(list),
                "%s must be added, a list of tokens or their ids, or a mapping from modules to these, got %s",
                KEY,
                list);
    }

    /**
     * The same with ids alone.
     *
     * @param added ids of the tokens of {@code model.add_tokens}
     * @param idOf the id of a token
     * @param isTied the output head is the embedding
     * @param embedding the name of the module
     * @throws dev.temper.check.InvalidInputException when the tokenizer does not have a token
     */
    static Object resolved(
            Object choice, List<Integer> added, Function<String, OptionalInt> idOf, boolean isTied, String embedding) {
        if (choice instanceof Map<?, ?> modules) {
            Map<String, Object> resolved = new LinkedHashMap<>();
            modules.forEach((module, list) -> resolved.put((String) module, ids(list, added, idOf)));
            return resolved;
        }
        List<Integer> ids = ids(choice, added, idOf);
        boolean isInHead = ADDED.equals(choice) && !isTied && !ids.isEmpty();
        return isInHead ? new LinkedHashMap<>(Map.of(embedding, ids, "lm_head", ids)) : ids;
    }

    private static List<Integer> ids(Object list, List<Integer> added, Function<String, OptionalInt> idOf) {
        if (ADDED.equals(list)) {
            check(!added.isEmpty(), "%s: added: model.add_tokens names no tokens", KEY);
            return added;
        }
        List<Integer> ids = new ArrayList<>();
        for (Object item : (List<?>) list) {
            ids.add(
                    item instanceof String token
                            ? idOf.apply(token)
                                    .orElseThrow(() -> invalid(
                                            "%s: the tokenizer has no token '%s': add it with model.add_tokens",
                                            KEY, token))
                            : (Integer) item);
        }
        check(new LinkedHashSet<>(ids).size() == ids.size(), "%s names a token twice: %s; name each once", KEY, list);
        return ids;
    }
}
