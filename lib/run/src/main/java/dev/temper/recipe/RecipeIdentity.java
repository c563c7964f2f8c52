package dev.temper.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Hashes;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What makes two runs the same: all but cluster, tracking, logging, output, and where memory is. What a recipe leaves
 * open and a run decides is no difference between them: its {@code run.yaml} has the answer, and is the same run.
 */
public final class RecipeIdentity {
    private static final ObjectMapper CANONICAL = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();
    private static final List<String> ELSEWHERE = List.of("cluster", "tracking", "output");
    private static final List<String> HARMLESS = List.of("logging_steps", "optimizer_offload", "activation_offloading");
    /** Keys that a run decides where the recipe leaves them out or says {@code auto}. */
    private static final List<String> OPEN = List.of("/model/precision", "/data/date");

    private static final String LAST = "output"; // key of a recipe that was written to its end
    private static final int SHOWN = 3;
    private static final int WIDTH = 40;

    private RecipeIdentity() {}

    /** SHA-256 of all that a run does not decide by itself. */
    public static String hash(Recipe recipe) {
        ObjectNode tree = tree(recipe);
        for (String key : OPEN) {
            int slash = key.lastIndexOf('/');
            ((ObjectNode) tree.at(key.substring(0, slash))).remove(key.substring(slash + 1));
        }
        try {
            byte[] json = CANONICAL.writeValueAsBytes(CANONICAL.treeToValue(tree, Object.class));
            return Hashes.hex(Hashes.sha256().digest(json));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Whether a run has decided something as the recipe does not want it.
     *
     * @param begun the run's {@code run.yaml}, which may be cut off
     */
    public static boolean isDecidedOtherwise(Recipe recipe, JsonNode begun) {
        ObjectNode tree = tree(recipe);
        return begun.has(LAST)
                && OPEN.stream()
                        .anyMatch(key -> isClosed(tree.at(key))
                                && isClosed(begun.at(key))
                                && !tree.at(key).equals(begun.at(key)));
    }

    /**
     * The keys that differ, with the values of both.
     *
     * @param begun the {@code run.yaml} of the other one
     * @return empty where that cannot be told
     */
    public static String differences(Recipe recipe, JsonNode begun) {
        if (!begun.has(LAST)) {
            return "";
        }
        List<String> differences = new ArrayList<>();
        try {
            JsonNode there = RecipeSecrets.removed(tree(RecipeFile.ofResolved((ObjectNode) begun)));
            compare("", there, RecipeSecrets.removed(tree(recipe)), differences);
        } catch (InvalidInputException e) {
            return ""; // another version's
        }
        int more = differences.size() - SHOWN;
        String shown = String.join("; ", differences.subList(0, Math.min(SHOWN, differences.size())));
        return more > 0 ? shown + "; and " + more + " more" : shown;
    }

    private static ObjectNode tree(Recipe recipe) {
        ObjectNode tree = RecipeFile.tree(RecipeSecrets.removedByName(RecordTree.write(recipe)));
        tree.remove(ELSEWHERE);
        ((ObjectNode) tree.get("training")).remove(HARMLESS);
        return tree;
    }

    private static void compare(String key, JsonNode there, JsonNode here, List<String> differences) {
        if (there.isObject() && here.isObject()) {
            Set<String> names = new TreeSet<>();
            there.fieldNames().forEachRemaining(names::add);
            here.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                compare(key + "/" + name, there.path(name), here.path(name), differences);
            }
        } else if (!there.equals(here) && !(OPEN.contains(key) && !isClosed(here))) {
            differences.add(
                    key.substring(1).replace('/', '.') + " is " + shown(there) + " there and " + shown(here) + " here");
        }
    }

    private static boolean isClosed(JsonNode value) {
        return !value.isMissingNode() && !value.asText().equals(Recipe.Precision.AUTO.label());
    }

    private static String shown(JsonNode value) {
        String text = value.isTextual() ? value.textValue() : value.toString();
        return value.isMissingNode()
                ? "not set"
                : text.length() > WIDTH ? text.substring(0, WIDTH) + "…" : text.isEmpty() ? "''" : text;
    }
}
