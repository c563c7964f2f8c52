package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Architecture;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Nearby;
import dev.temper.storage.Store;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Recipes as texts: the YAML that users write, {@code run.yaml}, and what travels to workers. */
public final class RecipeFile {
    private static final int MAX_BYTES = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** {@code data.max_length} of a recipe that says nothing, unless the model has less positions. */
    private static final int USUAL_LENGTH = 1024;

    private RecipeFile() {}

    /**
     * Reads a recipe; what it leaves out has its default afterwards.
     *
     * @param overrides {@code key=value} with dotted keys and values in YAML; the last one wins
     * @throws dev.temper.check.InvalidInputException at the first mistake in the file or an override
     */
    public static Recipe read(Store store, String location, List<String> overrides) {
        Locations.verifyGiven("RECIPE", location);
        ObjectNode tree = RecipeTree.read(text(store, location), location, overrides);
        if (!tree.has("name")) {
            tree.put("name", location.replaceAll(".*[/\\\\]", "").replaceAll("(?<=.)\\.ya?ml$", ""));
        }
        Recipe recipe = of(store, tree);
        recipe.data()
                .tables()
                .forEach(source -> check(
                        source.dataframe().isEmpty(),
                        "data: {dataframe: %s} is one that a program hands over, and a command has none: name a"
                                + " location, a table or sql",
                        source.dataframe().orElse("")));
        return recipe;
    }

    /**
     * What a file says, with what follows from its base, and nothing in it without effect.
     *
     * @param tree of {@link RecipeTree#read}
     */
    public static Recipe of(Store store, ObjectNode tree) {
        RecipeTemplate.inline(store, tree);
        boolean isLengthOpen = tree.path("data") instanceof ObjectNode data && !data.hasNonNull("max_length");
        if (isLengthOpen) {
            ((ObjectNode) tree.get("data")).put("max_length", USUAL_LENGTH);
        }
        Recipe recipe = new RecordTree<>(Recipe.class).read(tree);
        IdleKeys.refuse(recipe);
        int positions = isLengthOpen ? positions(store, recipe) : USUAL_LENGTH;
        return positions < USUAL_LENGTH ? recipe.with("data.max_length", Integer.toString(positions)) : recipe;
    }

    /** Of the base, which a row cannot be longer than; that there is no base is said later. */
    private static int positions(Store store, Recipe recipe) {
        Folder base = new Folder(store, HadoopStore.resolve(recipe.model().base()));
        try {
            return Locations.find(store, "model.base", base.location("config.json"))
                            .isEmpty()
                    ? USUAL_LENGTH
                    : Architecture.read(base, recipe.model().head()).sizes().maxPositions();
        } catch (IOException e) {
            throw invalid("model.base: %s cannot be read: %s", base.location("config.json"), HadoopStore.reason(e));
        }
    }

    /** The whole recipe in YAML, credentials removed; read again, it gives this recipe. */
    public static String resolved(Recipe recipe) {
        return resolved(recipe, "");
    }

    /** The same with the day that the templates were told, where one asked. */
    public static String resolved(Recipe recipe, String date) {
        ObjectNode tree = tree(RecipeSecrets.removed(RecordTree.write(recipe)));
        if (!date.isEmpty()) {
            ((ObjectNode) tree.get("data")).put("date", date);
        }
        return YamlText.write(tree);
    }

    /** The whole recipe, credentials included, to travel to a worker of this run; never to be written down. */
    public static String portable(Recipe recipe) {
        return RecordTree.write(recipe).toString();
    }

    /** Reads what {@link #portable} gave. */
    public static Recipe ofPortable(String json) throws JsonProcessingException {
        return new RecordTree<>(Recipe.class).read(JSON.readTree(json));
    }

    /** Reads what {@link #resolved} gave, of an earlier build too. */
    public static Recipe ofResolved(ObjectNode resolved) {
        ObjectNode tree = resolved.deepCopy();
        RecipeTree.layDefaults(tree);
        return new RecordTree<>(Recipe.class).read(tree);
    }

    /** The tree of a recipe as it is written down. */
    static ObjectNode tree(JsonNode whole) {
        ObjectNode tree = (ObjectNode) whole;
        JsonNode lora = tree.path("adapter");
        if (lora.has("init_from")) {
            ((ObjectNode) lora).retain("type", "init_from"); // the rest comes from that adapter
        }
        return tree;
    }

    private static String text(Store store, String location) {
        try {
            Store.Entry entry = store.find(location)
                    .orElseThrow(
                            () -> invalid("the recipe %s does not exist%s", location, Nearby.hint(store, location)));
            check(!entry.isFolder(), "the recipe %s is a folder; name the YAML file in it", location);
            try (InputStream in = store.read(location)) {
                byte[] bytes = in.readNBytes(MAX_BYTES + 1);
                check(bytes.length <= MAX_BYTES, "the recipe %s has more than 1 MiB: is it one?", location);
                String text = new String(bytes, StandardCharsets.UTF_8);
                return text.startsWith("\uFEFF") ? text.substring(1) : text;
            }
        } catch (IOException e) {
            throw invalid("the recipe %s cannot be read: %s", location, e);
        }
    }
}
