package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Secrets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** A recipe as a tree: what the user wrote, overrides over it, what is not built refused, defaults under it. */
public final class RecipeTree {
    private static final ObjectNode DEFAULTS = YamlText.resource(RecipeTree.class, "defaults.yaml");
    private static final ObjectNode UNBUILT = YamlText.resource(RecipeTree.class, "unbuilt.yaml");

    /** By the task. Of columns of several, such as Alpaca's own with a text beside, the first format is meant. */
    private static final Map<String, List<String>> FORMATS = Map.of(
            "causal_lm", List.of("prompt_completion", "messages", "sharegpt", "alpaca", "text"),
            "sequence_classification", List.of("classification"));

    private final ObjectNode tree;

    private RecipeTree(ObjectNode tree) {
        this.tree = tree;
    }

    /** @param source what the text is called in messages */
    public static ObjectNode read(String text, String source, List<String> overrides) {
        return read(text, source, overrides, List.of());
    }

    /**
     * Reads a recipe for rows whose columns are known.
     *
     * @param columns of the rows: where the recipe does not say what they mean, their names do
     */
    public static ObjectNode read(String text, String source, List<String> overrides, List<String> columns) {
        Secrets.learn("", text); // for what is said of YAML that cannot be read
        JsonNode parsed = YamlText.parse(text, source);
        check(parsed.isObject(), "%s is not a recipe: it has no keys such as model, data and output", source);
        RecipeTree recipe = new RecipeTree((ObjectNode) parsed);
        overrides.forEach(recipe::override);
        dropNothing(recipe.tree);
        RecipeSecrets.refuse(recipe.tree);
        recipe.refuseUnbuilt();
        recipe.refuseBesideInitFrom();
        if (!columns.isEmpty() && !recipe.tree.at("/data").has("format")) {
            recipe.layFormat(columns);
        }
        recipe.layDefaults();
        return recipe.tree;
    }

    /**
     * Looks at one override alone.
     *
     * @throws dev.temper.check.InvalidInputException when it holds a secret, or what is not built yet
     */
    public static void verify(String override) {
        RecipeTree recipe = new RecipeTree(JsonNodeFactory.instance.objectNode());
        recipe.override(override);
        RecipeSecrets.refuse(recipe.tree);
        recipe.refuseUnbuilt();
    }

    /** A layer of the defaults; an empty one when there is none of this name. */
    public static JsonNode defaults(String layer) {
        return DEFAULTS.path(layer);
    }

    /** All layers of the defaults. */
    static Iterable<JsonNode> layers() {
        return DEFAULTS;
    }

    /** Lays the defaults under a tree that something was added to. */
    static void layDefaults(ObjectNode tree) {
        new RecipeTree(tree).layDefaults();
        dropNothing(tree);
    }

    private void override(String override) {
        int equals = override.indexOf('=');
        if ((equals < 0 ? override : override.substring(0, equals)).contains(":")) {
            Secrets.refuse("the override", override); // it is a location: half of it would be taken for a key
        }
        check(equals > 0, "the override '%s' must be key=value, such as training.learning_rate=1e-3", override);
        String key = override.substring(0, equals);
        List<String> path = List.of(key.split("\\.", -1));
        ObjectNode section = tree;
        for (String name : path.subList(0, path.size() - 1)) {
            JsonNode inner = section.path(name);
            check(
                    inner.isObject() || inner.isMissingNode() || inner.isNull(),
                    "the override %s does not fit: %s is not a section in the recipe",
                    key,
                    name);
            section = inner.isObject() ? (ObjectNode) inner : section.putObject(name);
        }
        section.set(path.get(path.size() - 1), YamlText.parse(override.substring(equals + 1), "the override " + key));
    }

    private void refuseUnbuilt() {
        UNBUILT.get("keys").fields().forEachRemaining(key -> removeIfIn(key.getValue(), key.getKey(), true));
        UNBUILT.get("unset").fields().forEachRemaining(key -> removeIfIn(key.getValue(), key.getKey(), false));
        UNBUILT.get("values").fields().forEachRemaining(key -> {
            JsonNode value = tree.at(pointer(key.getKey()));
            for (JsonNode one : value.isArray() ? value : List.of(value)) {
                check(
                        !contains(key.getValue().get("unbuilt"), one),
                        "%s: %s is not built yet; use %s",
                        key.getKey(),
                        one.asText(),
                        key.getValue().get("use").asText());
            }
        });
    }

    private void removeIfIn(JsonNode accepted, String key, boolean orRefuse) {
        JsonNode value = tree.at(pointer(key));
        if (value.isMissingNode()) {
            return;
        }
        if (contains(accepted, value)) {
            int dot = key.lastIndexOf('.');
            ((ObjectNode) tree.at(pointer(key.substring(0, dot)))).remove(key.substring(dot + 1));
        } else if (orRefuse) {
            String shown = value.isTextual() ? value.textValue() : value.toString();
            throw accepted.isEmpty() || accepted.get(0).isContainerNode()
                    ? invalid("%s: %s is not built yet; leave it out", key, shown)
                    : invalid(
                            "%s: %s is not built yet; use %s",
                            key, shown, accepted.get(0).asText());
        }
    }

    private void refuseBesideInitFrom() {
        JsonNode adapter = tree.path("adapter");
        if (adapter.has("init_from")) {
            defaults("with_adapter")
                    .get("adapter")
                    .fieldNames()
                    .forEachRemaining(name -> check(
                            name.equals("init_from") || name.equals("type") || !adapter.has(name),
                            "adapter.%s comes from the adapter in adapter.init_from; leave one of them out",
                            name));
        }
    }

    /**
     * The first format all of whose columns are there, by their usual names or by those that the recipe gives. Where
     * there is one alone, it is meant whatever there is.
     */
    private void layFormat(List<String> columns) {
        String task = tree.at("/model/task")
                .asText(defaults("every_recipe").at("/model/task").asText());
        List<String> formats = FORMATS.getOrDefault(task, List.of());
        List<String> given = names(tree.at("/data/columns"));
        for (String format : formats) {
            JsonNode layer = defaults("format_" + format);
            List<String> roles = names(layer.at("/data/columns"));
            List<String> all = new ArrayList<>(roles);
            layer.path("optional_columns").forEach(name -> all.add(name.asText()));
            boolean areThere = roles.stream().allMatch(role -> given.contains(role) || columns.contains(role));
            if ((areThere || formats.size() == 1) && all.containsAll(given)) {
                tree.withObject("/data").put("format", format);
                return;
            }
        }
    }

    private static List<String> names(JsonNode section) {
        List<String> names = new ArrayList<>();
        section.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private void layDefaults() {
        if (tree.has("adapter")) {
            layUnder(tree, defaults("with_adapter"));
        }
        if (tree.at("/model/quantization").isObject()) {
            layUnder(tree, defaults("with_quantization"));
        }
        String format = tree.at("/data/format")
                .asText(defaults("every_recipe").at("/data/format").asText());
        JsonNode forFormat = defaults("format_" + format);
        JsonNode columns = forFormat.at("/data/columns");
        if (columns.isObject()) {
            List<String> valid = names(columns);
            forFormat.path("optional_columns").forEach(name -> valid.add(name.asText()));
            tree.at("/data/columns").fieldNames().forEachRemaining(name -> {
                if (!valid.contains(name)) {
                    throw new UnknownKey("data.columns.", name, valid, List.of()).exception();
                }
            });
            layUnder(tree, ((ObjectNode) forFormat.deepCopy()).without("optional_columns"));
        }
        layUnder(tree, defaults("every_recipe"));
    }

    private static void layUnder(ObjectNode tree, JsonNode layer) {
        layer.fields().forEachRemaining(entry -> {
            JsonNode own = tree.path(entry.getKey());
            if (own.isMissingNode()) {
                tree.set(entry.getKey(), entry.getValue().deepCopy());
            } else if (own.isObject() && entry.getValue().isObject()) {
                layUnder((ObjectNode) own, entry.getValue());
            }
        });
    }

    // What has nothing after it counts as left out, wherever it stands; so does a list of nothing else.
    private static void dropNothing(JsonNode tree) {
        for (Iterator<JsonNode> values = tree.elements(); values.hasNext(); ) {
            JsonNode value = values.next();
            boolean wasEmpty = value.isEmpty();
            dropNothing(value);
            if (value.isNull() || (value.isArray() && value.isEmpty() && !wasEmpty)) {
                values.remove();
            }
        }
    }

    private static boolean contains(JsonNode values, JsonNode value) {
        for (JsonNode one : (ArrayNode) values) {
            if (one.equals(value)) {
                return true;
            }
        }
        return false;
    }

    private static String pointer(String key) {
        return "/" + key.replace('.', '/');
    }
}
