package dev.temper.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the reference, the defaults and the recipes of {@code conf} say fits the records. */
final class RecipeReferenceTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));
    private static final Set<String> WITHOUT_DEFAULT = Set.of("name", "model.base", "data.train", "output");
    private static final List<String> KEYS = new RecordTree<>(Recipe.class).keys();

    @Test
    void referenceNamesEveryKeyAndNoOther() throws IOException {
        List<String> sections = KEYS.stream()
                .filter(key -> KEYS.stream().anyMatch(other -> other.startsWith(key + ".")))
                .toList();
        List<String> named = Files.readString(ROOT.resolve("docs/recipe.md"))
                .lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("`")[1])
                .toList();

        assertThat(named)
                .containsExactlyInAnyOrderElementsOf(
                        KEYS.stream().filter(key -> !sections.contains(key)).toList());
    }

    @Test
    void everyKeyHasADefaultOrIsRequired() {
        List<String> expected =
                KEYS.stream().filter(key -> !WITHOUT_DEFAULT.contains(key)).toList();
        List<String> found = new ArrayList<>(keys(RecipeTree.defaults("every_recipe"), ""));
        JsonNode adapter = RecipeTree.defaults("with_adapter").get("adapter");
        found.add("adapter");
        found.addAll(keys(adapter, "adapter."));
        JsonNode quantization = RecipeTree.defaults("with_quantization").at("/model/quantization");
        found.addAll(keys(quantization, "model.quantization."));
        found.removeIf(key -> key.startsWith("data.columns."));

        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void referenceSaysWhatIsNotBuilt() throws IOException {
        String reference = Files.readString(ROOT.resolve("docs/recipe.md"));

        JsonNode unbuilt = YamlText.resource(Recipe.class, "unbuilt.yaml");
        unbuilt.get("keys").fieldNames().forEachRemaining(key -> {
            assertThat(KEYS).doesNotContain(key);
            assertThat(reference).contains(key.substring(key.indexOf('.') + 1));
        });
        unbuilt.get("values").fieldNames().forEachRemaining(key -> assertThat(KEYS)
                .contains(key));
        unbuilt.get("unset").fieldNames().forEachRemaining(key -> assertThat(KEYS)
                .contains(key));
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void shippedRecipeIsRead(Path recipe) {
        Recipe read = RecipeFile.read(new LocalStore(), recipe.toString(), List.of());

        assertThat(YamlText.parse(RecipeFile.resolved(read), recipe.toString()).size())
                .isPositive();
    }

    static List<Path> recipes() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("conf"))) {
            return files.filter(file -> file.toString().endsWith(".yaml")).toList();
        }
    }

    private static List<String> keys(JsonNode tree, String prefix) {
        List<String> keys = new ArrayList<>();
        tree.fields().forEachRemaining(entry -> {
            keys.add(prefix + entry.getKey());
            keys.addAll(keys(entry.getValue(), prefix + entry.getKey() + "."));
        });
        return keys;
    }
}
