package dev.temper.recipe;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Secrets;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What may be secret in the tables that a recipe names. Nobody can tell which options of a format are, or which texts
 * of a query: where a recipe is written, all of them are masked. Those whose names sound secret are masked everywhere.
 */
public final class TableSecrets {
    private static final String SQL = "sql";
    private static final String OPTIONS = "options";
    /** A name and its value, as in {@code password=x}, {@code "token" => 'x'} and {@code :secret "x"}. */
    private static final Pattern NAMED =
            Pattern.compile("([A-Za-z_.]+)['\"`]?\\s*(?:=>|[=:,\\s])\\s*['\"]?([^'\"`;,&\\s()]+)");
    /** Texts of a query, and comments; what is in back quotes is a name. */
    private static final Pattern TEXT = Pattern.compile(
            "(`[^`]*`)|'(?:[^'\\\\]|\\\\.)*'?|\"(?:[^\"\\\\]|\\\\.)*\"?|--[^\n]*|/\\*.*?(?:\\*/|$)", Pattern.DOTALL);

    private TableSecrets() {}

    /** Whether a key of a source of data holds no location. */
    static boolean isNoLocation(String key) {
        return key.equals(SQL) || key.equals(OPTIONS);
    }

    /**
     * Remembers what is secret by its name.
     *
     * @param recipe before it is read
     */
    static void learn(JsonNode recipe) {
        sources(recipe, source -> {
            learnTexts(source.path(SQL));
            learnTexts(source.path(OPTIONS));
        });
    }

    private static void learnTexts(JsonNode value) {
        if (value.isTextual()) {
            Matcher named = NAMED.matcher(value.textValue());
            for (int at = 0; named.find(at); at = named.end(1)) { // a value may be the name of the next one
                Secrets.learn(named.group(1), named.group(2));
            }
        }
        value.forEach(TableSecrets::learnTexts);
    }

    /** Masks texts of queries, and values of options. */
    static void mask(JsonNode recipe) {
        sources(recipe, source -> {
            if (source.path(SQL).isTextual()) {
                ((ObjectNode) source)
                        .set(SQL, TextNode.valueOf(masked(source.path(SQL).textValue())));
            }
            if (source.path(OPTIONS) instanceof ObjectNode options) {
                List<String> names = options.properties().stream()
                        .map(entry -> entry.getKey())
                        .toList();
                names.forEach(name -> options.put(name, Secrets.MASK));
            }
        });
    }

    /** The value of an override {@code key=value}, masked in the same way. */
    public static String masked(String key, String value) {
        if (!key.startsWith("data.train") && !key.startsWith("data.eval")) {
            return value;
        }
        ObjectNode recipe = JsonNodeFactory.instance.objectNode();
        ObjectNode section = recipe;
        List<String> path = List.of(key.split("\\.", -1));
        for (String name : path.subList(0, path.size() - 1)) {
            section = section.putObject(name);
        }
        try {
            section.set(path.get(path.size() - 1), YamlText.parse(value, key));
        } catch (InvalidInputException e) {
            return Secrets.MASK;
        }
        JsonNode before = recipe.deepCopy();
        mask(recipe);
        String pointer = "/" + key.replace('.', '/');
        return recipe.equals(before) ? value : recipe.at(pointer).toString(); // what is JSON is YAML
    }

    private static String masked(String query) {
        return TEXT.matcher(query)
                .replaceAll(found ->
                        Matcher.quoteReplacement(found.group(1) == null ? "'" + Secrets.MASK + "'" : found.group(1)));
    }

    /** @throws dev.temper.check.InvalidInputException where something is masked */
    static void refuseMasked(JsonNode recipe) {
        sources(recipe, source -> {
            boolean isMasked = source.path(SQL).asText().contains("'" + Secrets.MASK + "'");
            for (JsonNode option : source.path(OPTIONS)) {
                isMasked |= option.asText().equals(Secrets.MASK);
            }
            check(
                    !isMasked,
                    "data: *** stands where run.yaml has left out what may be secret, texts of a query and options of a"
                            + " format: write them again, or name the recipe that was run");
        });
    }

    private static void sources(JsonNode recipe, Consumer<JsonNode> target) {
        for (String key : List.of("/data/train", "/data/eval")) {
            JsonNode value = recipe.at(key);
            (value.isArray() ? value : List.of(value)).forEach(target);
        }
    }
}
