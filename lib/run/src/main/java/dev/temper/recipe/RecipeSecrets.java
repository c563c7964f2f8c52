package dev.temper.recipe;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.check.Secrets;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/** What is secret in a recipe and on the command line. */
public final class RecipeSecrets {
    private static final Set<String> HARMLESS =
            Set.of("max_new_tokens", "micro_batch_tokens", "add_tokens", "trainable_token_indices");
    private static final List<String> LOCATIONS = List.of(
            "model.base",
            "adapter.init_from",
            "data.train",
            "data.eval",
            "data.prepared",
            "data.chat_template",
            "cluster.local_dir",
            "output");
    /** What is read as text, whatever it looks like. */
    private static final Set<String> TEXTS =
            Set.of("system", "separator", "prompts", "chat_template", "chat_template_kwargs", "add_tokens", "labels");

    private RecipeSecrets() {}

    /** Remembers what stands in the arguments of a command, its prompts and system message left out. */
    public static void learn(String[] arguments) {
        boolean isPrompt = false;
        for (String argument : arguments) {
            isPrompt = argument.matches("(?s)--(prompt|system).*") || (isPrompt && !argument.startsWith("--"));
            if (!isPrompt) {
                learn(argument);
            }
        }
    }

    private static void learn(String argument) {
        Secrets.learn(argument);
        int equals = argument.indexOf('=');
        if (equals > 0) {
            String key = argument.substring(0, equals);
            String value = argument.substring(equals + 1);
            Secrets.learn(value);
            if (isSecret(key)) {
                Secrets.learn(key, value);
            }
        }
    }

    /**
     * Remembers what is secret in a recipe, before any of it is read.
     *
     * @throws dev.temper.check.InvalidInputException at a location with a login or a query
     */
    static void refuse(ObjectNode tree) {
        learn("", tree);
        TableSecrets.learn(tree);
        TableSecrets.refuseMasked(tree);
        refuseMasked("", tree);
        for (String key : LOCATIONS) {
            refuse(key, tree.at("/" + key.replace('.', '/')));
        }
    }

    private static void refuse(String key, JsonNode value) {
        boolean isTemplate = key.equals("data.chat_template") && value.asText().matches("(?s).*(\\n|\\{[{%#]).*");
        if (value.isTextual() && !isTemplate) {
            Locations.verifyGiven(key, value.textValue());
        }
        if (value.isArray()) {
            value.forEach(item -> refuse(key, item));
        }
        value.fields()
                .forEachRemaining(
                        entry -> { // a location with its weight, or a table
                            if (!TableSecrets.isNoLocation(entry.getKey())) {
                                refuse(key, entry.getValue());
                            }
                        });
    }

    private static void refuseMasked(String prefix, JsonNode section) {
        section.fields().forEachRemaining(entry -> {
            String key = prefix + entry.getKey();
            check(
                    !isSecret(key) || !entry.getValue().asText().equals(Secrets.MASK),
                    "%s: *** stands where run.yaml has left out a secret; add %s=… to the command",
                    key,
                    key);
            refuseMasked(key + ".", entry.getValue());
        });
    }

    private static void learn(String key, JsonNode value) {
        if (TEXTS.contains(key)) {
            return;
        }
        if (value.isTextual()) {
            Secrets.learn(value.textValue());
            if (isSecret(key)) {
                Secrets.learn(key, value.textValue());
            }
        }
        value.fields().forEachRemaining(entry -> learn(entry.getKey(), entry.getValue()));
        if (value.isArray()) {
            value.forEach(item -> learn(key, item));
        }
    }

    /** A copy in which values of keys that sound secret are masked, and so is what is or may be secret in texts. */
    public static JsonNode removed(JsonNode tree) {
        JsonNode copy = copy(tree, Secrets::masked);
        TableSecrets.mask(copy);
        return copy;
    }

    /** A copy in which values of keys that sound secret are masked, the same on every machine. */
    static JsonNode removedByName(JsonNode tree) {
        return copy(tree, UnaryOperator.identity());
    }

    private static JsonNode copy(JsonNode tree, UnaryOperator<String> texts) {
        if (tree.isTextual()) {
            return TextNode.valueOf(texts.apply(tree.textValue()));
        }
        JsonNode copy = tree.deepCopy();
        if (copy instanceof ObjectNode section) {
            for (String key : List.copyOf(
                    section.properties().stream().map(entry -> entry.getKey()).toList())) {
                section.set(key, isSecret(key) ? TextNode.valueOf(Secrets.MASK) : copy(section.get(key), texts));
            }
        } else if (copy instanceof ArrayNode items) {
            for (int i = 0; i < items.size(); i++) {
                items.set(i, copy(items.get(i), texts));
            }
        }
        return copy;
    }

    private static boolean isSecret(String key) {
        return !HARMLESS.contains(key.substring(key.lastIndexOf('.') + 1)) && Secrets.isName(key);
    }
}
