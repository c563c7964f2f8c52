package dev.temper.jobs;

import dev.temper.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A folder with a base that never classified, texts of two classes, and a recipe; commands run in this process. */
record SmallClassifier(Path folder) {
    private static final String CONFIG =
            """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 12,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10,
             "intermediate_size": 28, "max_position_embeddings": 128}
            """;

    static final String RECIPE =
            """
            name: small-classifier
            model: {base: @/base, task: sequence_classification, labels: [no, "yes"]}
            data:
              train: @/texts.csv
              format: classification
              eval_fraction: 0.3
              max_length: 64
            training:
              num_train_epochs: 3
              batch_size: 8
              learning_rate: 1.0e-2
              logging_steps: 1
            output: @/output
            """;

    static SmallClassifier write(Path folder) throws IOException {
        Path base = folder.resolve("base");
        TinyModel.weights(base, CONFIG).write(base.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), base.resolve(file));
        }
        Random random = new Random(11);
        StringBuilder csv = new StringBuilder("text,label\n");
        for (int row = 0; row < 60; row++) {
            boolean isYes = random.nextBoolean();
            boolean isWrong = random.nextInt(6) == 0; // so that nothing scores 1
            String month = isYes == isWrong ? "July" : "March";
            csv.append("Date %d of %s,%s\n".formatted(random.nextInt(1000), month, isYes ? "yes" : "no"));
        }
        Files.writeString(folder.resolve("texts.csv"), csv);
        Files.writeString(folder.resolve("recipe.yaml"), RECIPE.replace("@", folder.toString()));
        return new SmallClassifier(folder);
    }

    Path recipe() {
        return folder.resolve("recipe.yaml");
    }

    /** Runs {@code temper run}, {@code plan}, {@code preview} or {@code evaluate}; @ is the folder. */
    Ended temper(String... arguments) {
        List<String> args = new ArrayList<>();
        for (String argument : arguments) {
            args.add(argument.replace("@", folder.toString()));
        }
        return Ended.run(
                args.toArray(String[]::new),
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                new PlanCommand(Jobs.store(), request -> Jobs.plan(Jobs.store(), request)),
                new PreviewCommand(Jobs.store(), request -> Jobs.preview(Jobs.store(), request)),
                new EvaluateCommand(Jobs.store(), request -> Jobs.evaluate(Jobs.store(), request)));
    }
}
