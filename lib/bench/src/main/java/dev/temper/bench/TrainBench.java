package dev.temper.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.adapter.LoraConfig;
import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Classifier;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.quant.Quantization;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainedModel;
import dev.temper.train.TrainingLoop;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.Optim;
import dev.temper.train.config.Schedule;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.HeadRows;
import dev.temper.train.objective.TrainingRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One training run in a Java process without Spark, timed as the peers' scripts are; prints one JSON line. */
public final class TrainBench implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SHOWN_LOSSES = 10;
    private static final int SEED = 1;

    @Parameters(index = "0", paramLabel = "MODEL_DIR", description = "Model folder in Hugging Face's layout.")
    private Path model = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "ROWS.jsonl",
            description = "Objects with input_ids and labels: a list, or a class.")
    private Path rows = Path.of("");

    @Option(names = "--lora", description = "Rank of an adapter; 0 trains all weights.")
    private int rank;

    @Option(names = "--target-modules", split = ",", defaultValue = LoraConfig.ALL_LINEAR)
    private List<String> targetModules = List.of();

    @Option(names = "--batch-size", defaultValue = "8")
    private int batchSize;

    @Option(names = "--steps", defaultValue = "20")
    private int steps;

    @Option(names = "--warmup", defaultValue = "3", description = "First steps that are not counted.")
    private int warmup;

    @Option(names = "--threads", defaultValue = "2")
    private int threads;

    @Option(names = "--precision", defaultValue = "FLOAT32", description = "FLOAT32 or BFLOAT16.")
    private FloatType precision = FloatType.FLOAT32;

    @Option(names = "--nf4", description = "Keep the frozen base in 4 bits, with double quantization.")
    private boolean nf4;

    @Option(names = "--optim", defaultValue = "ADAMW")
    private Optim optim = Optim.ADAMW;

    @Option(names = "--gradient-checkpointing")
    private boolean checkpointing;

    @Option(names = "--micro-batch-tokens", description = "Of a forward pass; 0: as training.micro_batch_tokens: auto.")
    private int microBatchTokens;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new TrainBench()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        List<JsonNode> train = read();
        try (Workspace workspace = Workspace.open(threads);
                TrainedModel trained = open(workspace);
                PhaseSampler phases = PhaseSampler.start()) {
            Clock clock = new Clock(phases);
            var loop = new TrainingLoop(trained, rows(train, trained), config(), Collective.alone(), clock);
            loop.run(Prompts.none(), Optional.empty());
            Map<String, Object> line = report(train, clock);
            line.put("phases", phases.shares());
            double rate = Machine.matrixProductRate(workspace, 1);
            double used = flopsPerToken(trained) * (double) line.get("tokens_per_s");
            line.put("matmul_gflops", rounded(rate / 1e9, 10));
            line.put("model_gflops", rounded(used / 1e9, 10));
            line.put("share_of_matmul_rate", rounded(used / rate, 1000));
            System.out.println(JSON.writeValueAsString(line));
        }
        return 0;
    }

    private static TrainingRows rows(List<JsonNode> train, TrainedModel trained) {
        Optional<Classifier> classifier = trained.network().architecture().classifier();
        if (classifier.isPresent()) {
            List<HeadRows.Row> rows = train.stream()
                    .map(row -> new HeadRows.Row(
                            ints(row.path("input_ids")), row.path("labels").intValue()))
                    .toList();
            List<String> labels = classifier.get().task().labels();
            double[] weights = new double[labels.size()];
            Arrays.fill(weights, 1);
            return new ClassifiedRows(rows, List.of(), labels, weights);
        }
        List<TokenRow> rows = train.stream()
                .map(row -> TokenRow.of(ints(row.path("input_ids")), ints(row.path("labels"))))
                .toList();
        return CausalRows.unpacked(rows, List.of());
    }

    private List<JsonNode> read() throws IOException {
        List<JsonNode> train = new ArrayList<>();
        try (Stream<String> lines = Files.lines(rows)) {
            for (String line : (Iterable<String>) lines.limit((long) batchSize * steps)::iterator) {
                train.add(JSON.readTree(line));
            }
        }
        if (train.size() < batchSize * steps) {
            throw new IllegalArgumentException("only " + train.size() + " rows in " + rows);
        }
        return train;
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }

    private TrainedModel open(Workspace workspace) throws IOException {
        StoredModel stored =
                StoredModel.read(model, ModelTask.of(Folder.local(model)), 0).in(precision);
        if (rank == 0) {
            return TrainedModel.full(workspace, stored, FloatType.FLOAT32);
        }
        Optional<Quantization> by = nf4 ? Optional.of(Quantization.nf4()) : Optional.empty();
        LoraConfig lora = LoraConfig.of(rank, 2 * rank, 0, targetModules);
        return TrainedModel.withAdapter(workspace, stored.quantized(by), lora, SEED, FloatType.FLOAT32);
    }

    /** What peer_train.py sets, and for the rest the defaults of TrainingArguments. */
    private TrainingConfig config() {
        return new TrainingConfig(
                1,
                OptionalInt.of(steps),
                batchSize,
                microBatchTokens == 0 ? OptionalInt.empty() : OptionalInt.of(microBatchTokens),
                OptionalDouble.of(1e-4),
                Schedule.Type.LINEAR,
                Map.of(),
                0,
                0,
                0.01,
                0.9,
                0.999,
                1e-8,
                1,
                optim,
                false,
                checkpointing,
                false,
                List.of(),
                0,
                OptionalDouble.empty(),
                false,
                false,
                1,
                IntervalStrategy.NO,
                OptionalInt.empty(),
                IntervalStrategy.NO,
                OptionalInt.empty(),
                2,
                "eval/loss",
                Optional.empty(),
                false,
                OptionalInt.empty(),
                0,
                SEED);
    }

    /** When each update ended. */
    private final class Clock implements ProgressListener {
        private final PhaseSampler phases;
        private final List<Double> losses = new ArrayList<>();
        private long start = System.nanoTime();
        private long end;
        private double cpuAtStart;
        private double cpuAtEnd;

        Clock(PhaseSampler phases) {
            this.phases = phases;
        }

        @Override
        public void stepped(Update update) {
            losses.add(rounded(update.loss(), 10_000));
            end = System.nanoTime();
            cpuAtEnd = Machine.cpuSeconds();
            if (update.step() == warmup) {
                start = end;
                cpuAtStart = cpuAtEnd;
                phases.restart();
            }
        }
    }

    private Map<String, Object> report(List<JsonNode> train, Clock clock) throws IOException {
        long tokens = train.stream()
                .skip((long) warmup * batchSize)
                .mapToLong(row -> row.path("input_ids").size())
                .sum();
        double seconds = (clock.end - clock.start) / 1e9;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("peer", "temper");
        line.put("threads", threads);
        line.put("dtype", precision.name().toLowerCase(Locale.ROOT));
        line.put("lora", rank);
        line.put("batch_size", batchSize);
        line.put("steps", steps - warmup);
        line.put("seconds", rounded(seconds, 1000));
        line.put("cpu_seconds", rounded(clock.cpuAtEnd - clock.cpuAtStart, 1000));
        line.put("tokens_per_s", rounded(tokens / seconds, 10));
        line.put("peak_bytes", Machine.peakBytes());
        line.put("losses", clock.losses.subList(0, Math.min(SHOWN_LOSSES, clock.losses.size())));
        return line;
    }

    /** Per weight in a matrix product: 2 forward, 2 for the input's gradient, 2 for its own unless it is frozen. */
    private static double flopsPerToken(TrainedModel trained) {
        Architecture architecture = trained.network().architecture();
        double weights = 0;
        for (Parameter parameter : architecture.parameters()) {
            boolean perToken = parameter.isProjection() && parameter.layer() != Parameter.SHARED;
            boolean multiplied = perToken
                    || (architecture.classifier().isEmpty() && parameter.key().equals(architecture.head()));
            weights += multiplied ? parameter.shape().size() : 0;
        }
        boolean frozen = trained.totalParameters() > architecture.parameterCount();
        return frozen ? 4 * weights + 6 * trained.parameters().count() : 6 * weights;
    }

    static double rounded(double value, int parts) {
        return Math.rint(value * parts) / parts;
    }
}
