package dev.temper.recipe;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Check;
import dev.temper.check.InvalidInputException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A key that no recipe has, and what its writer may have meant: a key of another section, one that other tools call so,
 * or the nearest one.
 *
 * @param section with its dot; empty for the whole recipe
 * @param here names that the section has
 * @param all keys with their sections
 */
public record UnknownKey(String section, String name, List<String> here, List<String> all) {
    /** What to say of the names of other tools. */
    private static final Map<String, String> OTHERS = others();

    private static final int SHORTEST = 3; // of one or two letters another name is no typo
    private static final int LINE = 80; // longer lists are not read

    private static Map<String, String> others() {
        ObjectNode table = YamlText.resource(UnknownKey.class, "others.yaml");
        Map<String, String> others = new HashMap<>();
        table.get("write")
                .fields()
                .forEachRemaining(entry ->
                        others.put(entry.getKey(), "write " + entry.getValue().textValue()));
        table.get("leave").fields().forEachRemaining(entry -> entry.getValue()
                .forEach(name -> others.put(name.textValue(), "leave it out: " + entry.getKey())));
        return Map.copyOf(others);
    }

    /** Names of other tools that are answered. */
    public static Collection<String> otherNames() {
        return OTHERS.keySet();
    }

    InvalidInputException exception() {
        return invalid("unknown key %s%s", section + name, meant());
    }

    private String meant() {
        Optional<String> elsewhere =
                all.stream().filter(key -> lastName(key).equals(name)).findFirst();
        if (OTHERS.containsKey(section + name)) {
            return "; " + OTHERS.get(section + name);
        }
        if (elsewhere.isPresent()) {
            return didYouMean(elsewhere.get());
        }
        return OTHERS.containsKey(name) ? "; " + OTHERS.get(name) : nearest();
    }

    /** In its own section a key may be further off; the nearest of all counts. */
    private String nearest() {
        if (name.length() < SHORTEST) {
            return listed();
        }
        Optional<String> inSection = Check.nearest(name, here);
        int limit = Math.max(1, name.length() / 4);
        if (inSection.isPresent()) {
            limit = Math.min(limit, Check.distance(name, inSection.get()) - 1);
        }
        Optional<String> other =
                Check.nearest(name, all.stream().map(UnknownKey::lastName).toList(), limit);
        if (other.isPresent()) {
            limit = Check.distance(name, other.get()) - 1;
        }
        Optional<String> foreign =
                Check.nearest(name, OTHERS.keySet().stream().sorted().toList(), limit);
        if (foreign.isPresent()) {
            return " (" + lastName(foreign.get()) + "?); " + OTHERS.get(foreign.get());
        }
        if (other.isPresent()) {
            return new UnknownKey("", other.get(), here, all).meant();
        }
        return inSection.map(key -> didYouMean(section + key)).orElseGet(this::listed);
    }

    private String listed() {
        String list = String.join(", ", here);
        return list.length() <= LINE
                ? "; the keys here are " + list
                : "; docs/recipe.md has the keys of " + section.substring(0, section.length() - 1);
    }

    private static String didYouMean(String key) {
        return "; did you mean " + key + "?";
    }

    private static String lastName(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }
}
