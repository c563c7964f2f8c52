package dev.temper.jinja;

import java.util.List;
import java.util.Map;

/** Parameters of a built-in function. */
final class Signature {
    private final List<String> names;
    private final int required;
    private final boolean isPositional;

    private Signature(List<String> names, int required, boolean isPositional) {
        this.names = names;
        this.required = required;
        this.isPositional = isPositional;
    }

    /** Names in order, {@code ?} after those that may be absent, {@code /} before all when names cannot be given. */
    static Signature of(String parameters) {
        boolean isPositional = parameters.startsWith("/");
        List<String> words = List.of(
                (isPositional ? parameters.substring(1) : parameters).strip().split(" "));
        if (words.get(0).isEmpty()) {
            words = List.of();
        }
        int required = (int) words.stream().filter(word -> !word.endsWith("?")).count();
        return new Signature(words.stream().map(word -> word.replace("?", "")).toList(), required, isPositional);
    }

    /** One value per parameter, null where none was given. */
    Object[] bind(String function, Arguments arguments) {
        Object[] given = arguments.positional();
        if (given.length > names.size()) {
            throw TemplateException.type(
                    "%s() takes at most %d arguments, got %d", function, names.size(), given.length);
        }
        Object[] bound = new Object[names.size()];
        System.arraycopy(given, 0, bound, 0, given.length);
        for (Map.Entry<String, Object> named : arguments.named().entrySet()) {
            int index = isPositional ? -1 : names.indexOf(named.getKey());
            if (index < 0) {
                throw TemplateException.type("%s() got an unexpected keyword argument '%s'", function, named.getKey());
            }
            if (bound[index] != null) {
                throw TemplateException.type("%s() got multiple values for argument '%s'", function, named.getKey());
            }
            bound[index] = named.getValue();
        }
        for (int i = 0; i < required; i++) {
            if (bound[i] == null) {
                throw TemplateException.type("%s() misses its argument '%s'", function, names.get(i));
            }
        }
        return bound;
    }
}
