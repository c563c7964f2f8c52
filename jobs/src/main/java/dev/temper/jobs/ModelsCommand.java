package dev.temper.jobs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Families;
import dev.temper.train.objective.Objectives;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code temper models}: which models can be trained, and for what; the table that config.json is read with. */
@Command(name = "models", description = "List the families of models, with what works for each.")
final class ModelsCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (json) {
            ArrayNode list = JsonNodeFactory.instance.arrayNode();
            Families.known().forEach(known -> list.add(json(known)));
            Console.say(list);
            return 0;
        }
        Console.say("%-12s  %s", "model_type", columns(Families.Use::word));
        for (Families.Known known : Families.known()) {
            Console.say(
                    "%-12s  %s", known.modelType(), columns(use -> known.uses().contains(use) ? "yes" : "-"));
        }
        Console.say("");
        for (Families.Known known : Families.known()) {
            known.inside()
                    .ifPresent(type -> Console.say("%s: the %s inside, without its pictures", known.modelType(), type));
        }
        Console.say(
                "generate: also chat templates; QLoRA: over a base in 4 bits. model_type is a field of config.json.");
        return 0;
    }

    private static String columns(Function<Families.Use, String> cell) {
        return Arrays.stream(Families.Use.values())
                .map(use -> ("%-" + use.word().length() + "s").formatted(cell.apply(use)))
                .collect(Collectors.joining("  "))
                .stripTrailing();
    }

    private static ObjectNode json(Families.Known known) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("model_type", known.modelType());
        ArrayNode tasks = json.putArray("tasks");
        Objectives.tasks().stream().filter(known.tasks()::contains).forEach(task -> tasks.add(task.label()));
        ArrayNode uses = json.putArray("uses");
        known.uses().forEach(use -> uses.add(use.name().toLowerCase(Locale.ROOT)));
        known.inside().ifPresent(inside -> json.put("inside", inside));
        return json;
    }
}
