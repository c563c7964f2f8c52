package dev.temper.ml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.RecipeTree;
import java.util.Optional;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;

/** Values between recipes and Params. */
final class RecipeDefault {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RecipeDefault() {}

    /** What a recipe without the key means; empty where that follows from model or rows. */
    static Optional<Object> of(String key, Param<?> param) {
        String layer = key.startsWith("adapter.") ? "with_adapter" : "every_recipe";
        JsonNode value = RecipeTree.defaults(layer).at("/" + key.replace('.', '/'));
        if (!value.isValueNode() || value.isNull()) {
            return Optional.empty();
        }
        if (param instanceof DoubleParam) {
            return Optional.of(value.doubleValue());
        }
        return Optional.of(param instanceof LongParam ? value.longValue() : JSON.convertValue(value, Object.class));
    }

    /** As YAML, which JSON is. */
    static String json(Object value) {
        return JSON.valueToTree(value).toString();
    }
}
