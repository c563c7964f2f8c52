package dev.temper.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Greedy generation with a key/value cache, timed as peer_generate.py does; prints one JSON line. */
public final class GenerateBench implements Callable<Integer> {
    private static final int SHOWN_IDS = 8;

    @Parameters(index = "0", paramLabel = "MODEL_DIR", description = "Model folder in Hugging Face's layout.")
    private Path model = Path.of("");

    @Option(names = "--batch-size", defaultValue = "1")
    private int batchSize;

    @Option(names = "--prompt-tokens", defaultValue = "64")
    private int promptTokens;

    @Option(names = "--new-tokens", defaultValue = "128")
    private int newTokens;

    @Option(names = "--threads", defaultValue = "2")
    private int threads;

    @Option(names = "--rounds", defaultValue = "1", description = "Timed rounds; the fastest counts.")
    private int rounds;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new GenerateBench()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        try (Workspace workspace = Workspace.open(threads);
                Network network = Network.open(workspace, model)) {
            Generator generator = new Generator(network);
            List<int[]> prompts = prompts();
            generate(generator, prompts);
            double seconds = Double.MAX_VALUE;
            double cpuStart = Machine.cpuSeconds();
            List<int[]> answers = List.of();
            for (int round = 0; round < rounds; round++) {
                long start = System.nanoTime();
                answers = generate(generator, prompts);
                seconds = Math.min(seconds, (System.nanoTime() - start) / 1e9);
            }
            Map<String, Object> line = report(seconds, (Machine.cpuSeconds() - cpuStart) / rounds);
            int[] first = answers.get(0);
            line.put("ids", Arrays.copyOfRange(first, Math.max(0, first.length - SHOWN_IDS), first.length));
            System.out.println(new ObjectMapper().writeValueAsString(line));
        }
        return 0;
    }

    private List<int[]> generate(Generator generator, List<int[]> prompts) {
        return generator.generate(prompts, GenerationConfig.greedy(newTokens), Set.of(), 0);
    }

    /** What {@code torch.manual_seed(0); torch.randint(5, 1000, …)} gives: the peer's prompts. */
    private List<int[]> prompts() {
        Engine engine = Engine.getEngine("PyTorch");
        engine.setRandomSeed(0);
        try (NDManager manager = engine.newBaseManager()) {
            long[] ids = manager.randomInteger(5, 1000, new Shape(batchSize, promptTokens), DataType.INT64)
                    .toLongArray();
            return IntStream.range(0, batchSize)
                    .mapToObj(row -> Arrays.stream(ids, row * promptTokens, (row + 1) * promptTokens)
                            .mapToInt(Math::toIntExact)
                            .toArray())
                    .toList();
        }
    }

    private Map<String, Object> report(double seconds, double cpuSeconds) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("peer", "temper generate");
        line.put("threads", threads);
        line.put("dtype", "float32");
        line.put("batch_size", batchSize);
        line.put("new_tokens", newTokens);
        line.put("seconds", TrainBench.rounded(seconds, 1000));
        line.put("cpu_seconds", TrainBench.rounded(cpuSeconds, 1000));
        line.put("tokens_per_s", TrainBench.rounded(batchSize * newTokens / seconds, 10));
        line.put("peak_bytes", Machine.peakBytes());
        return line;
    }
}
