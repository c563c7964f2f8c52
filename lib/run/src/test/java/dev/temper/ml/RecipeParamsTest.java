package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeKey;
import dev.temper.recipe.RecipeTree;
import dev.temper.recipe.RecordTree;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every key of the recipe is a Param, told by the recipe itself. */
@Tag("spark")
final class RecipeParamsTest {
    private static final List<String> KEYS = new RecordTree<>(Recipe.class).keys();

    private final SupervisedFineTuning stage = new SupervisedFineTuning("s");

    @TempDir
    private Path folder;

    @Test
    void everyKeyIsAParamOrLeftOutForAReason() {
        List<String> expected = new ArrayList<>();
        for (String key : KEYS) {
            boolean isSection = KEYS.stream().anyMatch(other -> other.startsWith(key + "."));
            if (!isSection && !RecipeParams.LEFT_OUT.containsKey(key)) {
                expected.add(key);
            }
        }

        assertThat(keyed().keySet()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(KEYS).containsAll(RecipeParams.LEFT_OUT.keySet());
        assertThat(keyed()).hasSizeGreaterThan(80);
    }

    @Test
    void namesAreThoseOfTheKeysInCamelCase() {
        assertThat(keyed())
                .containsEntry("training.warmup_ratio", "warmupRatio")
                .containsEntry("training.adam_beta1", "adamBeta1")
                .containsEntry("model.base", "base")
                .containsEntry("data.eval", "eval")
                .containsEntry("adapter.type", "adapterType") // the only two that end alike
                .containsEntry("model.quantization.type", "quantizationType");
        List<String> all = Arrays.stream(stage.params()).map(Param::name).toList();
        assertThat(all).doesNotHaveDuplicates().containsAll(keyed().values());
        assertThat(all).contains("recipe", "output", "validationIndicatorCol", "evaluateOnly");
        assertThat(all).hasSize(keyed().size() + 4);
    }

    /** Each method by which Spark would find a Param gives the one that is found by its key. */
    @Test
    void typedOnesAreTheSame() throws Exception {
        List<String> typed = new ArrayList<>();
        for (var method : CommonParams.class.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && Param.class.isAssignableFrom(method.getReturnType())) {
                assertThat(method.invoke(stage)).isSameAs(stage.getParam(method.getName()));
                typed.add(method.getName());
            }
        }
        assertThat(typed).hasSize(28);
        assertThat(stage.params()).doesNotHaveDuplicates();
    }

    @Test
    void eachIsExplainedWithItsDefault() {
        for (RecipeKey key : RecipeKey.all()) {
            if (RecipeParams.LEFT_OUT.containsKey(key.name())) {
                continue;
            }
            Param<?> param = stage.param(key.name());
            String told = stage.explainParam(param);
            assertThat(param.doc()).as(key.name()).isNotBlank().doesNotContain("](", "`");
            assertThat(stage.explainParams()).contains(told);
            if (key.otherwise().isPresent()) {
                Object value = stage.getDefault(param).get();
                assertThat(KeyParam.written(key, value).toString())
                        .as(key.name())
                        .isEqualTo(asParam(key, param));
                assertThat(told).contains("(default: ");
            } else {
                assertThat(told).as(key.name()).contains("; left out: ", "(undefined)");
            }
        }
        assertThat(stage.explainParam(stage.param("training.adam_beta2")))
                .isEqualTo("adamBeta2: decay of its square's mean (default: 0.999)");
        assertThat(stage.explainParam(stage.learningRate()))
                .isEqualTo("learningRate: its highest value; left out: 2.0e-4 with an adapter, 2.0e-5 without"
                        + " (undefined)");
        assertThat(RecipeTree.defaults("every_recipe")
                        .at("/training/batch_size")
                        .intValue())
                .isEqualTo(stage.getOrDefault(stage.batchSize()));
    }

    /** A single value may stand for a list, and a whole number for another. */
    private static String asParam(RecipeKey key, Param<?> param) {
        JsonNode written = key.otherwise().orElseThrow();
        boolean isSingle = param instanceof StringArrayParam && !written.isArray();
        String text = param instanceof DoubleParam ? String.valueOf(written.doubleValue()) : written.toString();
        return isSingle ? "[" + text + "]" : text;
    }

    @Test
    void eachCanBeSetSearchedSavedAndLoaded() throws Exception {
        Quickstart.session();
        ParamGridBuilder grid = new ParamGridBuilder();
        List<String> expected = new ArrayList<>();
        for (String key : keyed().keySet()) {
            Object value = sample(key);
            stage.setKey(key, value);
            Param<Object> param = stage.getParam(stage.param(key).name());
            grid.addGrid(param, scala.collection.JavaConverters.asScalaBuffer(List.of(stage.getOrDefault(param))));
            expected.add(key);
        }
        List<String> overrides = stage.overrides();

        assertThat(overrides)
                .extracting(override -> override.substring(0, override.indexOf('=')))
                .containsExactlyInAnyOrderElementsOf(expected);
        ParamMap[] maps = grid.build();
        assertThat(maps).hasSize(1);
        assertThat(new SupervisedFineTuning("s").copy(maps[0]).overrides()).isEqualTo(overrides);
        stage.write().overwrite().save(folder + "/stage");
        assertThat(SupervisedFineTuning.load(folder + "/stage").overrides()).isEqualTo(overrides);
        assertThat(SupervisedFineTuning.load(folder + "/stage").explainParams()).isEqualTo(stage.explainParams());
    }

    @Test
    void valuesComeAsProgramsHaveThem() {
        stage.setKey("training.num_train_epochs", 2) // PySpark has no double for it
                .setKey("training.early_stopping_threshold", "1e-3")
                .setKey("training.lr_scheduler_kwargs", Map.of("num_cycles", 3))
                .setKey("adapter.target_modules", List.of("q_proj", "v_proj"))
                .setKey("training.class_weights", "balanced")
                .setKey("adapter.layers_to_transform", new int[] {0, 2})
                .setKey("cluster.collective_timeout", "2m")
                .setKey("data.system", "yes: it is")
                .setKey("data.eval", "{table: a.b}");

        assertThat(stage.overrides())
                .containsExactlyInAnyOrder(
                        "training.num_train_epochs=2.0",
                        "training.early_stopping_threshold=0.001",
                        "training.lr_scheduler_kwargs={\"num_cycles\":3}",
                        "adapter.target_modules=[\"q_proj\",\"v_proj\"]",
                        "training.class_weights=\"balanced\"",
                        "adapter.layers_to_transform=[0,2]",
                        "cluster.collective_timeout=\"2m\"",
                        "data.system=\"yes: it is\"",
                        "data.eval={\"table\":\"a.b\"}");
    }

    @Test
    void whatAKeyCannotHaveIsRefusedAtOnce() {
        refuses("training.warmup_ratio", "much", "training.warmup_ratio must be a number, got 'much'");
        refuses("training.max_steps", 1.5, "training.max_steps must be a whole number, got 1.5");
        refuses("training.shuffle", 1, "training.shuffle must be true or false, got 1");
        refuses("training.optim", "adamx", "training.optim must be adamw or");
        refuses("model.labels", List.of(1), "model.labels[0] must be a text, got 1");
        refuses("training.seed", null, "training.seed must be a whole number, got nothing");
        refuses("model.base", new Object(), "model.base cannot be a Object");
        refuses(
                "training.warmup_ration",
                1,
                "s: there is no key training.warmup_ration; did you mean" + " training.warmup_ratio?");
        refuses("data.train", "x", "s: there is no key data.train to set: the DataFrame is what is trained on");
        refuses("adapter", "{}", "s: there is no key adapter");
        refuses("model.base", "s3a://ID:KEY@bucket/base", "model.base: the location holds a login");
        assertThatThrownBy(() -> stage.setBase("s3a://ID:KEY@bucket/base"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("model.base: the location holds a login");
        assertThat(stage.overrides()).isEmpty();
    }

    /** {@code estimator-before} was written by the build before every key was a Param. */
    @Test
    void whatTheVersionBeforeSavedIsLoaded() {
        Quickstart.session();
        SupervisedFineTuning loaded = SupervisedFineTuning.load(
                System.getProperty("basedir") + "/src/test/resources/dev/temper/ml/estimator-before");

        assertThat(loaded.overrides())
                .containsExactlyInAnyOrder(
                        "training.gradient_checkpointing=true",
                        "data.columns={\"label\":\"mood\",\"text\":\"review\"}",
                        "model.task=\"sequence_classification\"",
                        "training.max_steps=5",
                        "model.base=\"models/base\"",
                        "data.format=\"classification\"",
                        "training.learning_rate=1.0E-4",
                        "adapter.r=4",
                        "adapter.lora_alpha=8.0",
                        "training.seed=7",
                        "model.labels=[\"a\",\"b\"]");
        assertThat(loaded.getOrDefault(loaded.output())).isEqualTo("output/fits");
        assertThat(loaded.getOrDefault(loaded.recipe())).isEqualTo("generation: {max_new_tokens: 4}");
        assertThat(loaded.getOrDefault(loaded.validationIndicatorCol())).isEqualTo("held_out");
    }

    private void refuses(String key, Object value, String message) {
        assertThatThrownBy(() -> stage.setKey(key, value))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message);
    }

    /** Names of Params by their keys. */
    private Map<String, String> keyed() {
        Map<String, String> names = new TreeMap<>();
        for (String key : new TreeSet<>(KEYS)) {
            try {
                names.put(key, stage.param(key).name());
            } catch (InvalidInputException e) {
                continue; // a section, or left out
            }
        }
        return names;
    }

    /** What goes through each key of this type. */
    private Object sample(String name) {
        RecipeKey key = RecipeKey.all().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        if (key.type() instanceof Class<?> type && type.isEnum()) {
            return Stream.of(type.getEnumConstants())
                    .map(Object::toString)
                    .reduce((a, b) -> b)
                    .orElseThrow()
                    .toLowerCase(java.util.Locale.ROOT);
        }
        return switch (KeyParam.of(key)) {
            case WHOLE, LONG -> 3;
            case NUMBER -> 0.5;
            case TRUTH -> true;
            case TEXT -> name.endsWith("timeout") ? "5m" : name.equals("adapter.type") ? "lora" : "x";
            case TEXTS -> List.of("x");
            case YAML -> name.equals("data.eval")
                    ? "{table: a.b}"
                    : key.otherwise().map(Object.class::cast).orElse("{}");
        };
    }
}
