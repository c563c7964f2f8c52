package dev.temper.adapter;

import dev.temper.check.LinearPattern;
import java.util.List;
import java.util.Optional;

/**
 * Names of modules as PEFT writes them.
 *
 * @param ends whole names, or what follows a dot at their end
 * @param whole a regular expression of whole names, in place of a list
 */
record ModuleNames(List<String> ends, Optional<LinearPattern> whole) {
    ModuleNames {
        ends = List.copyOf(ends);
    }

    static ModuleNames none() {
        return of(List.of());
    }

    static ModuleNames of(List<String> ends) {
        return new ModuleNames(ends, Optional.empty());
    }

    /** @throws dev.temper.check.InvalidInputException when it is no expression, or needs what is not supported */
    static ModuleNames matching(String expression, String place) {
        return new ModuleNames(List.of(), Optional.of(LinearPattern.of(expression, place)));
    }

    /**
     * As PEFT matches it: a whole name, or what follows a dot in it.
     *
     * @throws dev.temper.check.InvalidInputException as {@link #matching}
     */
    static LinearPattern end(String expression, String place) {
        LinearPattern.of(expression, place); // a bracket that it lacks is not to be found in what is put around it
        return LinearPattern.of("(.*\\.)?(" + expression + ")", place);
    }

    boolean isEmpty() {
        return ends.isEmpty() && whole.isEmpty();
    }

    boolean has(String module) {
        return isWhole(module) || ends.stream().anyMatch(end -> module.endsWith("." + end));
    }

    /** Whether a module is meant by its whole name: then it does not matter which layer it is of. */
    boolean isWhole(String module) {
        return ends.contains(module)
                || whole.filter(pattern -> pattern.matches(module)).isPresent();
    }
}
