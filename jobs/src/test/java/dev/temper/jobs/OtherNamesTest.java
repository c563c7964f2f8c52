package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecordTree;
import dev.temper.recipe.UnknownKey;
import dev.temper.recipe.YamlText;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Keys that people know from other tools, and keys with a typo, get one sentence with ours. */
final class OtherNamesTest {
    private static final List<String> KEYS = new RecordTree<>(Recipe.class).keys();
    private static final Set<String> LAST_NAMES =
            KEYS.stream().map(OtherNamesTest::lastName).collect(Collectors.toSet());

    @TempDir
    private Path folder;

    private Path recipe;

    @BeforeEach
    void write() throws IOException {
        recipe = Files.writeString(folder.resolve("recipe.yaml"), "model: {base: a}\ndata: {train: b}\noutput: c\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lr | write training.learning_rate",
                "training.lr | write training.learning_rate",
                "training.per_device_train_batch_size | write training.batch_size, the rows of an update over all"
                        + " workers together",
                "training.bf16 | write model.precision: bf16",
                "training.gradient_accumulation_steps | write training.batch_size, the rows of a whole update, which"
                        + " is cut into passes that fit",
                "training.num_epochs | write training.num_train_epochs",
                "training.evaluation_strategy | write training.eval_strategy",
                "dataset | write data.train",
                "base_model | write model.base",
                "model.base_model | write model.base",
                "model.load_in_4bit | write model.quantization: {type: nf4}",
                "model.type | write model.task, as the kind of model is read from its config.json",
                "data.type | write data.format",
                "data.dataset_text_field | write data.columns: {text: NAME}",
                "training.push_to_hub | leave it out: model hubs and trackers are not built yet",
                "training.dataloader_num_workers | leave it out: Spark reads and prepares the rows ahead of training",
                "adapter.lora_r | write adapter.r",
                "learning_rate | did you mean training.learning_rate?",
                "generation.max_length | did you mean data.max_length?"
            })
    void aNameOfAnotherToolGetsOurs(String key, String says) {
        assertThat(refusal(key)).isEqualTo("unknown key " + key + "; " + says);
    }

    /** An option that a sentence names is one of the command that it names, or of all. */
    @Test
    void optionsInSentencesAreThere() {
        CommandLine temper = Temper.commandLine(
                new Temper(new String[0]), Temper.commands(Jobs.store()).toArray());
        Matcher named = Pattern.compile("(?:temper (\\w+) )?(--[a-z-]+)")
                .matcher(UnknownKey.otherNames().stream()
                        .map(name -> name.contains(".") ? name : "training." + name)
                        .map(this::refusal)
                        .collect(Collectors.joining("\n")));
        Set<String> seen = new HashSet<>();
        while (named.find()) {
            seen.add(named.group(2));
            assertThat(temper.getSubcommands()).allSatisfy((command, line) -> {
                boolean isMeant = named.group(1) == null || named.group(1).equals(command);
                if (isMeant) {
                    assertThat(line.getCommandSpec().optionsMap())
                            .as(named.group())
                            .containsKey(named.group(2));
                }
            });
        }
        assertThat(seen).contains("--quiet", "--verbose");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data.max_lenght | ; did you mean data.max_length?",
                "training.learning-rate | ; did you mean training.learning_rate?",
                "training.learningRate | ; did you mean training.learning_rate?",
                "learnin_rate | ; did you mean training.learning_rate?",
                "modle | ; did you mean model?",
                "trainig | ; did you mean training?",
                "training.per_device_train_batchsize | (per_device_train_batch_size?); write training.batch_size, the"
                        + " rows of an update over all workers together",
                "training.zzzzzzzz | ; docs/recipe.md has the keys of training",
                "zzzzzzzz | ; the keys here are name, model, adapter, data, training, cluster, generation, tracking,"
                        + " output",
            })
    void aTypoGetsTheNearestName(String key, String says) {
        assertThat(refusal(key)).isEqualTo("unknown key " + key + (says.startsWith(";") ? "" : " ") + says);
    }

    @Test
    void allArgumentsOfTheirsAreAnswered() throws IOException {
        List<String> unanswered = new ArrayList<>();
        for (String name : theirs()) {
            if (!LAST_NAMES.contains(name)) {
                String says = refusal("training." + name);
                assertThat(says).hasSizeLessThan(200);
                if (!says.matches("unknown key training\\." + name + "; (write|leave it out:) .*")) {
                    unanswered.add(says);
                }
            }
        }
        assertThat(unanswered).isEmpty();
    }

    /** The answers name keys that there are, and hide none. */
    @Test
    void theTableFitsTheRecipe() {
        YamlText.resource(Recipe.class, "others.yaml").get("write").fields().forEachRemaining(entry -> assertThat(KEYS)
                .as(entry.toString())
                .contains(entry.getValue().textValue().split("[:, ]")[0]));
        assertThat(UnknownKey.otherNames())
                .doesNotContainAnyElementsOf(LAST_NAMES)
                .doesNotContainAnyElementsOf(KEYS);
    }

    private static List<String> theirs() throws IOException {
        try (InputStream in = OtherNamesTest.class.getResourceAsStream("other-names.txt")) {
            List<String> names = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#") && !line.endsWith(":"))
                    .flatMap(line -> Arrays.stream(line.split(" ")))
                    .distinct()
                    .toList();
            assertThat(names).hasSizeGreaterThan(250).contains("fsdp_config", "load_in_8bit", "val_set_size");
            return names;
        }
    }

    private String refusal(String key) {
        String[] says = new String[1];
        assertThatThrownBy(() -> RecipeFile.read(new LocalStore(), recipe.toString(), List.of(key + "=5")))
                .isInstanceOf(InvalidInputException.class)
                .satisfies(refused -> says[0] = refused.getMessage());
        return says[0];
    }

    private static String lastName(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }
}
