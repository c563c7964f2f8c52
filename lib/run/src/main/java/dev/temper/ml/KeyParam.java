package dev.temper.ml;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.RecipeKey;
import dev.temper.recipe.YamlText;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;

/** Which Param a key of the recipe is, by what it holds, and values between the two. */
enum KeyParam {
    WHOLE(Set.of(int.class, Integer.class, OptionalInt.class)) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new IntParam(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            return written.intValue();
        }
    },
    LONG(Set.of(long.class, OptionalLong.class)) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new LongParam(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            return written.longValue();
        }
    },
    NUMBER(Set.of(double.class, Double.class, OptionalDouble.class)) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new DoubleParam(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            return written.isTextual()
                    ? Double.parseDouble(written.textValue())
                    : written.doubleValue(); // 1e-4 of YAML
        }
    },
    TRUTH(Set.of(boolean.class, Boolean.class)) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new BooleanParam(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            return written.booleanValue();
        }
    },
    TEXT(Set.of(String.class, Duration.class)) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new Param<String>(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            return written.textValue();
        }
    },
    TEXTS(Set.of()) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new StringArrayParam(stage, name, doc);
        }

        @Override
        Object value(JsonNode written) {
            Iterable<JsonNode> items = written.isArray() ? written : List.of(written);
            return StreamSupport.stream(items.spliterator(), false)
                    .map(JsonNode::textValue)
                    .toArray(String[]::new);
        }
    },
    /** Mappings, lists of other things than texts, and what may be one thing or another: their text in YAML. */
    YAML(Set.of()) {
        @Override
        Param<?> create(Params stage, String name, String doc) {
            return new Param<String>(stage, name, doc + " (in YAML)");
        }

        @Override
        Object value(JsonNode written) {
            return written.toString();
        }
    };

    private static final ObjectMapper JSON = new ObjectMapper();

    @SuppressWarnings("ImmutableEnumChecker") // nobody changes it
    private final Set<Type> types;

    KeyParam(Set<Type> types) {
        this.types = types;
    }

    static KeyParam of(RecipeKey key) {
        Type type = key.type();
        for (KeyParam kind : values()) {
            if (kind.types.contains(type)) {
                return kind;
            }
        }
        boolean areTexts = type instanceof ParameterizedType list
                && list.getRawType() == List.class
                && list.getActualTypeArguments()[0] == String.class;
        return areTexts ? TEXTS : type instanceof Class<?> one && one.isEnum() ? TEXT : YAML;
    }

    abstract Param<?> create(Params stage, String name, String doc);

    /** What a recipe has behind a key, as the Param has it. */
    abstract Object value(JsonNode written);

    /**
     * What a program gives, or a Param has, as a recipe has it.
     *
     * @throws dev.temper.check.InvalidInputException when the key cannot have it
     */
    static JsonNode written(RecipeKey key, Object given) {
        JsonNode written = given instanceof String yaml && of(key) == YAML
                ? YamlText.parse(yaml, key.name())
                : tree(key.name(), given);
        key.verify(written);
        return written;
    }

    private static JsonNode tree(String key, Object given) {
        try {
            return JSON.valueToTree(given);
        } catch (IllegalArgumentException e) {
            throw invalid("%s cannot be a %s", key, given.getClass().getSimpleName());
        }
    }

    /** As YAML, which JSON is. */
    static String json(Object value) {
        return JSON.valueToTree(value).toString();
    }
}
