package dev.temper.jobs;

import dev.temper.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A run of seconds that writes every kind of file: three updates with a checkpoint each, a rejected row, answers. */
final class KilledSetup {
    private static final String CONFIG =
            """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 12,
             "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 6,
             "intermediate_size": 16, "max_position_embeddings": 64}
            """;
    private static final String RECIPE =
            """
            name: killed
            model: {base: @/base}
            data:
              train: @/rows.csv
              format: prompt_completion
              chat_template: none
              eval_fraction: 0.3
              max_length: 32
              max_rejected_fraction: 0.5
            training:
              max_steps: 3
              batch_size: 4
              learning_rate: 1.0e-2
              logging_steps: 1
              eval_strategy: steps
              eval_steps: 2
              save_strategy: steps
              save_steps: 1
              seed: 3
            generation: {prompts: [Date], max_new_tokens: 2}
            output: @/output
            """;

    private KilledSetup() {}

    /** @return the recipe */
    static Path write(Path folder) throws IOException {
        TinyModel.weights(folder.resolve("base"), CONFIG).write(folder.resolve("base/model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), folder.resolve("base").resolve(file));
        }
        StringBuilder csv = new StringBuilder("prompt,completion\nonly a prompt,\n");
        for (int day = 10; day < 28; day++) {
            csv.append("Date: %d March 2024 ->, 2024-03-%d\n".formatted(day, day));
        }
        Files.writeString(folder.resolve("rows.csv"), csv);
        return Files.writeString(folder.resolve("recipe.yaml"), RECIPE.replace("@", folder.toString()));
    }

    /** Runs it in this process. */
    static Ended run(Path recipe, String output, String... overrides) {
        String[] arguments = new String[overrides.length + 3];
        arguments[0] = "run";
        arguments[1] = recipe.toString();
        arguments[2] = "output=" + output;
        System.arraycopy(overrides, 0, arguments, 3, overrides.length);
        return Ended.run(arguments, new RunCommand(Jobs.store(), read -> Jobs.run(read, List.of("test", "commit"))));
    }
}
