package dev.temper.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A key of the recipe as the recipe describes itself: types are those of its records, defaults those of
 * {@code defaults.yaml}, and meanings those of the reference, {@code docs/recipe.md}. None of them stands here once
 * more.
 *
 * @param name with its sections, such as {@code training.warmup_ratio}
 * @param type of what is written behind it
 * @param meaning what it says, in a line
 * @param otherwise what a recipe without the key means; empty where that follows from other keys, the model or the
 *     rows, and the meaning says so
 */
public record RecipeKey(String name, Type type, String meaning, Optional<JsonNode> otherwise) {
    private static final RecordTree<Recipe> TREE = new RecordTree<>(Recipe.class);
    private static final List<RecipeKey> ALL = read();

    /** All keys but sections, in the order of the reference. */
    public static List<RecipeKey> all() {
        return ALL;
    }

    /** @throws dev.temper.check.InvalidInputException when this cannot be written behind the key */
    public void verify(JsonNode value) {
        TREE.read(name, value);
    }

    private static List<RecipeKey> read() {
        Map<String, String[]> rows = rows();
        return TREE.types().entrySet().stream()
                .filter(entry -> rows.containsKey(entry.getKey()))
                .map(entry -> of(entry.getKey(), entry.getValue(), rows.get(entry.getKey())))
                .toList();
    }

    private static RecipeKey of(String name, Type type, String[] row) {
        Optional<JsonNode> otherwise = otherwise(name);
        String meaning = row[3] + (otherwise.isPresent() ? "" : "; left out: " + row[2]);
        return new RecipeKey(name, type, meaning, otherwise);
    }

    /** The one default in all layers; none where they differ. */
    private static Optional<JsonNode> otherwise(String name) {
        Set<JsonNode> found = new HashSet<>();
        RecipeTree.layers().forEach(layer -> found.add(layer.at("/" + name.replace('.', '/'))));
        found.removeIf(value -> value.isNull() || value.isMissingNode());
        return found.size() == 1 ? found.stream().findFirst() : Optional.empty();
    }

    /** The tables of the reference, by key: key, type, default, meaning, without marks and links. */
    private static Map<String, String[]> rows() {
        Map<String, String[]> rows = new HashMap<>();
        reference().lines().filter(line -> line.startsWith("| `")).forEach(line -> {
            String plain = line.replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").replace("`", "");
            String[] cells = plain.substring(2, plain.lastIndexOf(" |")).split(" \\| ", 4);
            rows.put(cells[0], cells);
        });
        return rows;
    }

    private static String reference() {
        try (InputStream in = RecipeKey.class.getResourceAsStream("recipe.md")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
