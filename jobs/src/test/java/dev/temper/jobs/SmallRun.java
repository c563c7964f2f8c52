package dev.temper.jobs;

import dev.temper.testkit.Jars;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Six updates of the quickstart's base on a few of its rows, as a recipe that leaves out where things are. */
final class SmallRun {
    static final Path BASE = quickstart("base");
    static final int TRAIN_ROWS = 44;
    static final int EVAL_ROWS = 10;
    static final String RECIPE =
            """
            name: small
            data:
              format: prompt_completion
              max_length: 64
            training:
              max_steps: 6
              batch_size: 8
              learning_rate: 2.0e-3
              logging_steps: 1
              eval_strategy: steps
              eval_steps: 3
            generation:
              prompts: ["Date: the 1st of August 1957 ->", "Date: 12. III. 2001 ->"]
              eval_prompts: 4
              max_new_tokens: 4
            """;

    private SmallRun() {}

    /** The first rows of the quickstart's {@code train.csv} or {@code eval.csv}, below their header. */
    static byte[] rows(String file, int rows) throws IOException {
        try (Stream<String> lines = Files.lines(quickstart(file))) {
            String text = String.join("\n", lines.limit(rows + 1L).toList()) + "\n";
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Arguments of {@code spark-submit} for a Temper command. */
    static List<String> arguments(Jars jars, List<String> options, List<String> command) {
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("--executor-memory", "768m", "--class", Temper.class.getName()));
        arguments.addAll(List.of("--jars", jars.applicationList()));
        arguments.add(jars.application().get(0).toString());
        arguments.addAll(command);
        return arguments;
    }

    /** What the command itself says when it fails, among the lines of Spark's log. */
    static List<String> complaints(String output) {
        return output.lines().filter(line -> line.startsWith("temper: ")).toList();
    }

    private static Path quickstart(String file) {
        return Path.of(System.getProperty("temper.root"), "conf", "quickstart", file);
    }
}
