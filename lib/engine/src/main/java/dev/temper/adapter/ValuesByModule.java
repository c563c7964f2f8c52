package dev.temper.adapter;

import static dev.temper.check.Check.check;

import dev.temper.check.LinearPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The values of some modules: {@code rank_pattern} and {@code alpha_pattern}.
 *
 * @param key which of the two, for messages
 * @param isStrict more than one value for a module is a mistake; of several, PEFT takes the first
 */
record ValuesByModule<T>(String key, List<Entry<T>> entries, boolean isStrict) {
    /** A layer of a large model has ten projections, and each may have its own value. */
    private static final int MAX_STEPS = 40_000;

    /** An expression and the value of what it matches. */
    private record Entry<T>(LinearPattern name, T value) {}

    /** @throws dev.temper.check.InvalidInputException when an expression is none, or all together are too large */
    static <T> ValuesByModule<T> of(String key, Map<String, T> values, PeftConfig config) {
        List<Entry<T>> entries = new ArrayList<>();
        int steps = 0;
        for (Map.Entry<String, T> value : values.entrySet()) {
            LinearPattern name = ModuleNames.end(value.getKey(), "adapter." + key);
            steps += name.size();
            check(steps <= MAX_STEPS, "adapter.%s: its %d entries are too many: write fewer", key, values.size());
            entries.add(new Entry<>(name, value.getValue()));
        }
        return new ValuesByModule<>(key, entries, config.isFresh());
    }

    T of(String module, T otherwise) {
        List<T> found = entries.stream()
                .filter(entry -> entry.name().matches(module))
                .map(Entry::value)
                .toList();
        check(
                !isStrict || found.stream().distinct().count() <= 1,
                "adapter.%s: more than one entry matches %s; write them so that one does",
                key,
                module);
        return found.isEmpty() ? otherwise : found.get(0);
    }
}
