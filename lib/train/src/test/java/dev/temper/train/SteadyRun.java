package dev.temper.train;

import dev.temper.adapter.LoraConfig;
import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A process that trains for a while and prints how much anonymous memory it holds. */
final class SteadyRun {
    static final Path STATUS = Path.of("/proc/self/status");
    static final int EARLY = 20;
    static final int LAST = 500;
    private static final int LENGTH = 300;

    private SteadyRun() {}

    /** @param args a model folder, and full or checkpointing */
    public static void main(String[] args) throws IOException {
        Path base = Path.of(args[0]);
        Settings settings = new Settings();
        settings.steps = LAST;
        settings.batchSize = 2;
        settings.evalSteps = 50;
        settings.checkpointing = args[1].equals("checkpointing");
        Random random = new Random(3);
        boolean[] trained = new boolean[LENGTH];
        Arrays.fill(trained, 1, LENGTH, true);
        List<TokenRow> rows = random.ints(4)
                .mapToObj(i -> new TokenRow(random.ints(LENGTH, 0, 31).toArray(), trained))
                .toList();
        LoraConfig config = LoraConfig.of(3, 6, 0.1, List.of(LoraConfig.ALL_LINEAR));
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel model = args[1].equals("full")
                    ? TrainedModels.full(workspace, base)
                    : TrainedModels.withAdapter(workspace, base, config, 1);
            new TrainingLoop(model, CausalRows.unpacked(rows, rows), settings.config(), Collective.alone(), new Watch())
                    .run(Prompts.none(), Optional.empty());
        }
    }

    /** Anonymous memory of this process. */
    static double megabytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Prints the memory after two of the updates. */
    private static final class Watch implements ProgressListener {
        @Override
        public void stepped(Update update) {
            if (update.step() == EARLY || update.step() == LAST) {
                System.out.println("RSS " + update.step() + " " + megabytes());
            }
        }
    }
}
