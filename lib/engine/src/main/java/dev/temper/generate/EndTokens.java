package dev.temper.generate;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Printable;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Which tokens end an answer by a model's generation_config.json, besides its tokenizer's end token; where there is no
 * such file, by config.json, of which transformers makes one.
 */
public final class EndTokens {
    private static final String FILE = "generation_config.json";
    private static final String CONFIG = "config.json";
    private static final String IDS = "eos_token_id";
    private static final ObjectMapper JSON = new ObjectMapper();

    private EndTokens() {}

    /**
     * {@code eos_token_id}, one or several; empty where the folder has neither file.
     *
     * @throws dev.temper.check.InvalidInputException when the file is no JSON
     */
    public static Set<Integer> read(Folder base) throws IOException {
        Set<Integer> ends = new LinkedHashSet<>();
        JsonNode ids = ids(base);
        if (ids.isInt()) {
            ends.add(ids.intValue());
        }
        ids.forEach(id -> ends.add(id.asInt()));
        return ends;
    }

    private static JsonNode ids(Folder base) throws IOException {
        if (base.has(FILE)) {
            return tree(base, FILE).path(IDS);
        }
        JsonNode config = base.has(CONFIG) ? tree(base, CONFIG) : JSON.createObjectNode();
        // A multimodal model may name them in the config of its text model alone.
        return config.hasNonNull(IDS)
                ? config.get(IDS)
                : config.path("text_config").path(IDS);
    }

    private static JsonNode tree(Folder base, String file) throws IOException {
        try {
            return JSON.readTree(UntrustedFile.text(base, file));
        } catch (JsonProcessingException e) {
            throw invalid("%s is no JSON: %s", base.location(file), Printable.parserMessage(e.getOriginalMessage()));
        }
    }
}
