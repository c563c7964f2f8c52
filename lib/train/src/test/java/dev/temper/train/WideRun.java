package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.TinyModel;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A process that trains a model whose passes are large and whose weights are small, and prints how it went. */
final class WideRun {
    static final Path STATUS = Path.of("/proc/self/status");
    static final int ROWS = 16;
    static final int LENGTH = 128;
    static final int STEPS = 2;

    // A token's pass through its layers leaves 256 kB behind.
    private static final String WIDE =
            """
            {"model_type": "llama", "vocab_size": 31, "hidden_size": 8, "num_hidden_layers": 2,
             "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 8192,
             "max_position_embeddings": 128}
            """;

    // A token has 64 kB of inputs of layers, which are narrow inside.
    private static final String DEEP =
            """
            {"model_type": "llama", "vocab_size": 31, "hidden_size": 512, "num_hidden_layers": 32,
             "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 2, "intermediate_size": 2,
             "max_position_embeddings": 128}
            """;

    private WideRun() {}

    static void writeWide(Path folder) throws IOException {
        TinyModel.weights(folder, WIDE).write(folder.resolve("model.safetensors"));
    }

    static void writeDeep(Path folder) throws IOException {
        TinyModel.weights(folder, DEEP).write(folder.resolve("model.safetensors"));
    }

    /** @param args a model folder, the tokens of a micro-batch, and recording, checkpointing or offloading */
    public static void main(String[] args) throws IOException {
        Settings settings = new Settings();
        settings.steps = STEPS;
        settings.batchSize = ROWS;
        settings.microBatchTokens = Integer.parseInt(args[1]);
        settings.checkpointing = !args[2].equals("recording");
        settings.offloading = args[2].equals("offloading");
        Random random = new Random(5);
        boolean[] trained = new boolean[LENGTH];
        Arrays.fill(trained, 1, LENGTH, true);
        List<TokenRow> rows = random.ints(ROWS)
                .mapToObj(i -> new TokenRow(
                        random.ints(LENGTH, 0, TinyModel.VOCABULARY).toArray(), trained))
                .toList();
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, Path.of(args[0]))) {
            CausalRows data = CausalRows.unpacked(rows, rows);
            ProgressListener listener = new Warnings();
            TrainingResult result = new TrainingLoop(model, data, settings.config(), Collective.alone(), listener)
                    .run(Prompts.none(), Optional.empty());
            result.metrics().stream()
                    .filter(metric -> metric.name().endsWith("loss"))
                    .forEach(metric -> System.out.println("LOSS " + metric.value()));
            System.out.println("HALVINGS " + result.outcome().halvings());
        }
        print("VmPeak");
        print("VmData");
    }

    private static void print(String name) throws IOException {
        Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith(name))
                .forEach(line -> System.out.println(name + " " + line.replaceAll("\\D", "")));
    }

    private static final class Warnings implements ProgressListener {
        @Override
        public void warned(String sentence) {
            System.out.println("WARNED " + sentence);
        }
    }
}
