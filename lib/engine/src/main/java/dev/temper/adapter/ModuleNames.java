package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Names of modules as PEFT writes them.
 *
 * @param ends whole names, or what follows a dot at their end
 * @param whole a regular expression of whole names, in place of a list
 */
record ModuleNames(List<String> ends, Optional<Pattern> whole) {
    ModuleNames {
        ends = List.copyOf(ends);
    }

    static ModuleNames none() {
        return of(List.of());
    }

    static ModuleNames of(List<String> ends) {
        return new ModuleNames(ends, Optional.empty());
    }

    /** @throws dev.temper.check.InvalidInputException when it is no expression, or one that means another in Python */
    static ModuleNames matching(String expression, String place) {
        return new ModuleNames(List.of(), Optional.of(pattern(expression, place)));
    }

    /**
     * An expression of Python's {@code re}. Its groups need no names here; its {@code \Z} is Java's {@code \z}.
     *
     * @param place where it stands, for the message
     */
    static Pattern pattern(String expression, String place) {
        check(
                !expression.contains("(?P=") && !expression.contains("(?("),
                "%s: %s looks back at a group, which is not supported: write the names out in a list",
                place,
                expression);
        try {
            return Pattern.compile(expression.replaceAll("\\(\\?P<\\w+>", "(").replace("\\Z", "\\z"));
        } catch (PatternSyntaxException e) {
            throw invalid("%s: %s is no regular expression: %s", place, expression, e.getDescription());
        }
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
                || whole.filter(pattern -> pattern.matcher(module).matches()).isPresent();
    }
}
