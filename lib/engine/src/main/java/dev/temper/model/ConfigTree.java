package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A folder's config.json in the form that transformers 4 and 5 both read, whichever of them wrote it; of a model for
 * texts and pictures, what belongs to its language model.
 *
 * @param location where its fields stand, for messages
 * @param origins the place in the file of fields that were brought to another one
 * @param isPart whether it is that of a language model inside another model
 */
record ConfigTree(ObjectNode root, String location, Map<String, String> origins, boolean isPart) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "config.json";

    /** @throws dev.temper.check.InvalidInputException when there is none; the message says what is there instead */
    static void verify(Folder folder) throws IOException {
        if (!folder.has(FILE)) {
            throw invalid("%s is no model folder: there is no config.json; %s", folder.location(), instead(folder));
        }
    }

    /** A run's output and an adapter are the folders that people name in place of a model's. */
    private static String instead(Folder folder) throws IOException {
        Folder model = folder.child("model");
        if (model.has(FILE)) {
            return "name " + model.location();
        }
        for (Folder adapter : List.of(folder, folder.child("adapter"))) {
            if (adapter.has("adapter_config.json")) {
                return "name the base, and %s as the adapter over it".formatted(adapter.location());
            }
        }
        return "name one in Hugging Face's layout";
    }

    /** @throws dev.temper.check.InvalidInputException when there is none, or it is damaged */
    static ConfigTree read(Folder folder) throws IOException {
        String location = folder.location(FILE);
        verify(folder);
        JsonNode whole;
        try {
            whole = JSON.readTree(UntrustedFile.text(folder, FILE));
        } catch (JsonProcessingException e) {
            throw invalid(
                    "%s is damaged: it is not JSON (%s)", location, Printable.parserMessage(e.getOriginalMessage()));
        }
        check(whole != null && whole.isObject(), "%s is damaged: it is not a JSON object", location);
        ObjectNode root = (ObjectNode) whole;
        boolean isPart = LanguageModel.isPartOf(root);
        if (isPart) {
            root = LanguageModel.config(root, folder);
            location += ": " + LanguageModel.CONFIG;
        }
        return new ConfigTree(root, location, RopeParameters.unfold(root, location), isPart);
    }
}
