package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.ObjectiveGoldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A folder with a tiny base, texts of eight words, and a recipe; commands run in this process. */
record ObjectiveRun(Path folder, Random random) {
    static final ObjectMapper JSON = new ObjectMapper();
    /** Task and labels, file, and format. */
    static final String RECIPE =
            """
            name: objectives
            model: {base: @/base, task: %s}
            data: {train: @/%s, eval_fraction: 0.3, max_length: 24, %s}
            training: {num_train_epochs: 3, batch_size: 8, learning_rate: 2.0e-2, logging_steps: 1}
            output: @/output
            """;

    private static final List<String> WORDS = List.of("good", "bad", "sad", "funny", "long", "short", "calm", "old");

    ObjectiveRun(Path folder) {
        this(folder, new Random(5));
    }

    /** @param base one of {@link ObjectiveGoldens} */
    void write(String base, String recipe) throws IOException {
        ObjectiveGoldens.model(base, folder.resolve("base"));
        Files.writeString(folder.resolve("recipe.yaml"), recipe.replace("@", folder.toString()));
    }

    String text() {
        List<String> words = new ArrayList<>();
        for (int i = 2 + random.nextInt(5); i > 0; i--) {
            words.add(WORDS.get(random.nextInt(WORDS.size())));
        }
        return String.join(" ", words);
    }

    /** Runs a command; @ is the folder. */
    Ended temper(String... arguments) {
        List<String> args = new ArrayList<>();
        for (String argument : arguments) {
            args.add(argument.replace("@", folder.toString()));
        }
        return Ended.run(
                args.toArray(String[]::new),
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                new PreviewCommand(Jobs.store(), request -> Jobs.preview(Jobs.store(), request)),
                new EvaluateCommand(Jobs.store(), request -> Jobs.evaluate(Jobs.store(), request)),
                new MergeCommand(request -> Jobs.merge(Jobs.store(), request)),
                new ClassifyCommand(request -> ClassifyJob.run(Jobs.store(), request)));
    }

    /** What a command says that ends well. */
    String out(String... arguments) {
        Ended ended = temper(arguments);
        assertThat(ended.code()).as(ended.err()).isZero();
        return ended.out();
    }

    JsonNode manifest(String output) throws IOException {
        return JSON.readTree(folder.resolve(output).resolve("manifest.json").toFile());
    }

    List<String> lines(String file) throws IOException {
        return Files.readAllLines(folder.resolve(file));
    }
}
