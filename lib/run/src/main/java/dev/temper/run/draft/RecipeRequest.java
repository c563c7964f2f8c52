package dev.temper.run.draft;

import java.util.List;
import java.util.Optional;

/**
 * What the recipe is for.
 *
 * @param recipe where it is written; a new file
 * @param task as {@code model.task}; empty: what the base can do
 * @param labels as {@code model.labels}; empty: what the data says
 * @param columns as {@code data.columns}, in YAML; empty: by their names and values
 * @param encoding as {@code data.encoding}
 * @param output as {@code output}; empty: by the recipe's name
 */
public record RecipeRequest(
        String recipe,
        String base,
        String data,
        Optional<String> eval,
        Optional<String> task,
        List<String> labels,
        Optional<String> columns,
        String encoding,
        Optional<String> output) {}
