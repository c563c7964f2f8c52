package dev.temper.jobs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.model.Families;
import dev.temper.model.Task;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code temper models}: which models can be trained, and for what; the table that config.json is read with. */
@Command(name = "models", description = "List the families of models, with what works for each.")
final class ModelsCommand implements Callable<Integer> {
    /** What a recipe's {@code model.task} can ask for, as the model's head. */
    private static final List<Task.Kind> TASKS = List.of(Task.Kind.CAUSAL_LM, Task.Kind.SEQUENCE_CLASSIFICATION);

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
        Console.say("%-12s  %-12s  %s", "model_type", "writes texts", "classifies");
        for (Families.Known known : Families.known()) {
            String inside = known.inside()
                    .map(type -> "the %s inside, without its pictures".formatted(type))
                    .orElse("");
            String line = "%-12s  %-12s  %-10s  %s"
                    .formatted(
                            known.modelType(),
                            answer(known, Task.Kind.CAUSAL_LM),
                            answer(known, Task.Kind.SEQUENCE_CLASSIFICATION),
                            inside);
            Console.say("%s", line.stripTrailing());
        }
        Console.say("");
        Console.say("All of them: full fine-tuning, LoRA, a base in 4 bits (nf4), fp32 and bf16, evaluate, merge.");
        Console.say("What writes texts: generate, chat templates, packing. model_type is a field of config.json.");
        return 0;
    }

    private static String answer(Families.Known known, Task.Kind task) {
        return known.tasks().contains(task) ? "yes" : "no";
    }

    private static ObjectNode json(Families.Known known) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("model_type", known.modelType());
        ArrayNode tasks = json.putArray("tasks");
        TASKS.stream()
                .filter(known.tasks()::contains)
                .forEach(task -> tasks.add(task.name().toLowerCase(Locale.ROOT)));
        known.inside().ifPresent(inside -> json.put("inside", inside));
        return json;
    }
}
