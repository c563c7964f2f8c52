package dev.temper.generate;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;

/** Which tokens end an answer by a model's generation_config.json, besides its tokenizer's end token. */
public final class EndTokens {
    private static final String FILE = "generation_config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private EndTokens() {}

    /**
     * {@code eos_token_id}, one or several; empty where the folder has no such file.
     *
     * @throws dev.temper.check.InvalidInputException when the file is no JSON
     */
    public static Set<Integer> read(Folder base) throws IOException {
        Set<Integer> ends = new LinkedHashSet<>();
        if (base.has(FILE)) {
            try {
                JsonNode ids = JSON.readTree(base.readText(FILE)).path("eos_token_id");
                if (ids.isInt()) {
                    ends.add(ids.intValue());
                }
                ids.forEach(id -> ends.add(id.asInt()));
            } catch (JsonProcessingException e) {
                throw invalid("%s is no JSON: %s", base.location(FILE), e.getOriginalMessage());
            }
        }
        return ends;
    }
}
