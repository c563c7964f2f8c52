package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.recipe.RecipeKey;
import dev.temper.recipe.RecipeTree;
import dev.temper.spark.StageColumns;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;

/**
 * The keys of a recipe as Params, made of what the recipe says of itself, so that none can be forgotten. A Param is
 * called as its key's last name in camel case: {@code training.warmup_ratio} is {@code warmupRatio}. One that is set
 * wins over the recipe's key; one that is not set says nothing, and its default is what a recipe without the key means.
 *
 * @param <S> the stage itself
 */
public abstract class RecipeParams<S extends RecipeParams<S>> extends Estimator<FineTunedModel> {
    /** Keys that are no Params made here, and why. */
    static final Map<String, String> LEFT_OUT = Map.of(
            "data.train", "the DataFrame is what is trained on",
            "output", "the stage has a Param of its own: each fit has a folder below it",
            "tracking", "the console is the command's; a fit tells the JDK's logger");

    private static final long serialVersionUID = 1L;
    private static final Pattern UNDERSCORE = Pattern.compile("_([a-z0-9])");
    private static final Map<String, RecipeKey> KEYS = RecipeKey.all().stream()
            .filter(key -> !LEFT_OUT.containsKey(key.name()))
            .collect(Collectors.toMap(RecipeKey::name, key -> key, (a, b) -> a, LinkedHashMap::new));

    private final String uid;
    private final Map<String, Param<?>> params = new TreeMap<>();

    @SuppressWarnings("unchecked") // a default has the type of its Param
    RecipeParams(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        KEYS.values().forEach(key -> {
            KeyParam kind = KeyParam.of(key);
            Param<?> param = kind.create(this, name(key.name()), key.meaning());
            params.put(key.name(), param);
            key.otherwise().ifPresent(value -> setDefault((Param<Object>) param, kind.value(value)));
        });
    }

    /** The last name in camel case, with its section's in front where two keys end alike. */
    private static String name(String key) {
        String last = last(key);
        boolean isOne =
                KEYS.keySet().stream().filter(other -> last(other).equals(last)).count() == 1;
        String name = isOne ? last : last(key.substring(0, key.lastIndexOf('.'))) + "_" + last;
        return UNDERSCORE.matcher(name).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
    }

    private static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Those of the recipe's keys, and the stage's own. */
    @Override
    public Param<?>[] params() {
        return Stream.concat(Stream.of(super.params()), params.values().stream())
                .distinct()
                .sorted(Comparator.comparing(Param::name))
                .toArray(Param<?>[]::new);
    }

    /**
     * Sets any key of the recipe.
     *
     * @param key with its sections, such as {@code training.warmup_ratio}
     * @param value a number, a truth value, a text, a list or a map, as the recipe has it; what is no plain text there
     *     also as its text in YAML
     * @throws dev.temper.check.InvalidInputException when there is no such key, or it cannot have this value
     */
    public S setKey(String key, Object value) {
        Param<?> param = param(key);
        JsonNode written = KeyParam.written(KEYS.get(key), value);
        RecipeTree.verify(key + "=" + written);
        return with(param, KeyParam.of(KEYS.get(key)).value(written));
    }

    /**
     * The Param of a key, for grids and all else that Spark does with Params.
     *
     * @param key with its sections, such as {@code training.warmup_ratio}
     * @throws dev.temper.check.InvalidInputException when there is no such key
     */
    public Param<?> param(String key) {
        return typed(key);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // who names a key knows what it holds
    final <P extends Param<?>> P typed(String key) {
        Param<?> param = params.get(key);
        check(param != null, "%s: there is no key %s%s", uid, key, hint(key));
        return (P) param;
    }

    private String hint(String key) {
        return LEFT_OUT.containsKey(key)
                ? " to set: " + LEFT_OUT.get(key)
                : nearest(key, params.keySet())
                        .map(name -> "; did you mean " + name + "?")
                        .orElse("");
    }

    /** The Params that are set, as overrides of a recipe. */
    final List<String> overrides() {
        List<String> overrides = new ArrayList<>();
        params.forEach((key, param) -> {
            if (isSet(param)) {
                overrides.add(key + "=" + KeyParam.written(KEYS.get(key), $(param)));
            }
        });
        return overrides;
    }

    @SuppressWarnings("unchecked") // a stage names itself as S
    final S with(Param<?> param, Object value) {
        set(param.name(), value);
        return (S) this;
    }

    @Override
    public String explainParam(Param<?> param) {
        return StageColumns.explained(this, param, super.explainParam(param));
    }

    @Override
    public String uid() {
        return uid;
    }
}
