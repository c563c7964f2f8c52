package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecordTree;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in a recipe without anything after it counts as left out. */
final class EmptyKeysTest {
    private static final Map<String, String> REQUIRED = Map.of("model.base", "a", "data.train", "b", "output", "c");

    private static final String SMALL = "model: {base: a}\ndata: {train: b}\noutput: c\n";

    @TempDir
    private Path folder;

    static List<String> keys() {
        return new RecordTree<>(Recipe.class).keys();
    }

    @ParameterizedTest
    @MethodSource("keys")
    void aKeyWithNothingAfterItIsLeftOut(String key) {
        for (String nothing : List.of("", " ", " # eval.csv", " ~", " null", " &x")) {
            String text = with(key, nothing);
            Optional<String> missing = REQUIRED.keySet().stream()
                    .filter(required -> required.equals(key) || required.startsWith(key + "."))
                    .findFirst();
            if (missing.isPresent()) {
                assertThatThrownBy(() -> read(text))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessage(missing.get() + " is missing from the recipe");
            } else {
                List<String> beside = key.startsWith("model.quantization.") ? List.of("adapter={}") : List.of();
                assertThat(read(text, beside)).as(text).isEqualTo(read(SMALL, sectionsOf(key)));
            }
        }
    }

    @Test
    void soIsWhatStandsInListsAndMappings() {
        assertThat(read("model: {base: a}\ndata:\n  train:\n    - b\n    -\noutput: c\n")
                        .data()
                        .train())
                .hasSize(1);
        assertThat(read(SMALL + "adapter:\n  target_modules:\n    -\n    -\n"))
                .as("a list of nothing is no empty list")
                .isEqualTo(read(SMALL + "adapter: {}\n"));
        assertThat(read(SMALL + "adapter: {rank_pattern: {q_proj: , v_proj: 4}}\n")
                        .adapter()
                        .orElseThrow()
                        .rankPattern())
                .isEqualTo(Map.of("v_proj", 4));
        assertThat(read(SMALL + "generation:\n  prompts:\n    - one\n    - # two\n    - three\n")
                        .generation()
                        .prompts())
                .containsExactly("one", "three");
        Recipe columns =
                read("model: {base: a}\ndata:\n  train: b\n  columns:\n    prompt:\n    completion: x\noutput: c");
        assertThat(columns.data().columns()).isEqualTo(Map.of("prompt", List.of("prompt"), "completion", List.of("x")));
        assertThatThrownBy(() -> read("model: {base: a}\ndata: {train: [{location: , weight: 1}]}\noutput: c"))
                .hasMessageStartingWith("data.train, data.eval: a source of data is one of a location, {table: ");
        assertThatThrownBy(() -> read("model: {base: a}\ndata: {train: [~]}\noutput: c"))
                .hasMessage("data.train is missing from the recipe");
    }

    @Test
    void anEmptyTextIsAText() {
        assertThat(read("model: {base: a}\ndata: {train: b, separator: ''}\noutput: c")
                        .data()
                        .separator())
                .isEmpty();
    }

    /** It would be the working directory. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.base",
                "data.train",
                "data.eval",
                "data.prepared",
                "data.chat_template",
                "adapter.init_from",
                "cluster.local_dir",
                "output"
            })
    void anEmptyLocationIsRefused(String key) {
        for (String empty : List.of(" ''", " \"  \"")) {
            assertThatThrownBy(() -> read(with(key, empty)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(key + " is empty; name a location");
        }
    }

    @Test
    void anEmptyLocationOnTheCommandLineIsRefused() {
        assertThat(ended("merge", "", "--adapter", "a", "--output", "o")).isEqualTo("FOLDER is empty; name a location");
        assertThat(ended("merge", "b", "--adapter=", "--output", "o")).isEqualTo("--adapter is empty; name a location");
        assertThat(ended("merge", "b", "--adapter", "a", "--output", ""))
                .isEqualTo("--output is empty; name a location");
        assertThat(ended("generate", "", "--prompt", "p")).isEqualTo("FOLDER is empty; name a location");
        assertThat(ended("generate", "f", "--adapter", "", "--prompt", "p"))
                .isEqualTo("--adapter is empty; name a location");
        assertThat(ended("plan", "")).isEqualTo("RECIPE is empty; name a location");
    }

    private static String ended(String... arguments) {
        Exit exit = Temper.run(
                arguments,
                new MergeCommand(request -> {}),
                new GenerateCommand(request -> {}),
                new PlanCommand(new LocalStore(), request -> {}));
        assertThat(exit.code()).as(Arrays.toString(arguments)).isEqualTo(2);
        return exit.message();
    }

    /** Sections that mean something by being there. */
    private static List<String> sectionsOf(String key) {
        if (key.startsWith("model.quantization.")) {
            return List.of("adapter={}", "model.quantization={}");
        }
        return key.startsWith("adapter.") ? List.of("adapter={}") : List.of();
    }

    /** The smallest recipe in blocks, this key's value replaced. */
    private static String with(String key, String value) {
        StringBuilder text = new StringBuilder();
        Set<String> written = new HashSet<>();
        Stream<String> all = Stream.concat(
                REQUIRED.keySet().stream().filter(other -> !(other + ".").startsWith(key + ".")), Stream.of(key));
        for (String one : all.sorted().toList()) {
            String[] names = one.split("\\.");
            for (int depth = 0; depth < names.length; depth++) {
                String path = String.join(".", Arrays.copyOf(names, depth + 1));
                if (written.add(path)) {
                    String shown = path.equals(key) ? value : path.equals(one) ? " " + REQUIRED.get(one) : "";
                    text.append("  ".repeat(depth))
                            .append(names[depth])
                            .append(':')
                            .append(shown)
                            .append('\n');
                }
            }
        }
        return text.toString();
    }

    private Recipe read(String text) {
        return read(text, List.of());
    }

    private Recipe read(String text, List<String> overrides) {
        try {
            Path file = Files.writeString(folder.resolve("recipe.yaml"), text);
            return RecipeFile.read(new LocalStore(), file.toString(), overrides);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
