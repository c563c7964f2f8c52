package dev.temper.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import dev.temper.text.ChatFormat;
import dev.temper.text.NamedTemplates;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * A chat template that a recipe names by where it is. Its text takes the place of the location: in run.yaml a path of
 * one machine would mean nothing on another, and a template that was changed makes another recipe.
 */
public final class RecipeTemplate {
    private static final String KEY = "data.chat_template ";
    private static final ObjectMapper JSON = new ObjectMapper();

    private RecipeTemplate() {}

    /** @throws dev.temper.check.InvalidInputException when the file that is named there is no template */
    static void inline(Store store, ObjectNode recipe) {
        JsonNode data = recipe.path("data");
        String template = data.path("chat_template").asText();
        boolean isName = NamedTemplates.find(template).isPresent(); // whatever file is called so, too
        if (!isName && !ChatFormat.isTemplate(template) && isFile(store, template)) {
            ((ObjectNode) data).put("chat_template", text(store, template));
        }
    }

    /**
     * What the template was told besides and may be written down: what run.yaml leaves out as a secret stays out of a
     * model's folder, too.
     */
    public static Map<String, Object> variables(Recipe recipe) {
        Map<String, Object> variables = new TreeMap<>(recipe.data().chatTemplateKwargs());
        JsonNode given = JSON.valueToTree(variables);
        JsonNode told = RecipeSecrets.removed(given);
        variables.keySet().removeIf(name -> !told.get(name).equals(given.get(name)));
        return variables;
    }

    /** Else it may be the name of a template; whoever looks for it says what is wrong. */
    private static boolean isFile(Store store, String location) {
        try {
            return !location.isBlank()
                    && store.find(HadoopStore.resolve(location))
                            .filter(entry -> !entry.isFolder())
                            .isPresent();
        } catch (IOException e) {
            throw unread(location, e);
        } catch (RuntimeException e) {
            return false; // a name need not be a location
        }
    }

    private static String text(Store store, String location) {
        try {
            String text = UntrustedFile.text(store, HadoopStore.resolve(location));
            ChatFormat.verify(KEY + location, text);
            return text;
        } catch (IOException e) {
            throw unread(location, e);
        }
    }

    private static InvalidInputException unread(String location, IOException reason) {
        return new InvalidInputException(KEY + location + " cannot be read: " + HadoopStore.reason(reason), reason);
    }
}
