package dev.temper.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.inference.Classification;
import dev.temper.inference.Options;
import dev.temper.inference.TextClassifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Classifies texts, timed as peer_score.py does: tokenizing counts, opening the model does not; prints one JSON line.
 */
public final class ScoreBench implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SHOWN_SCORES = 32;

    @Parameters(index = "0", paramLabel = "MODEL_DIR", description = "Classifier's folder in Hugging Face's layout.")
    private Path model = Path.of("");

    @Parameters(index = "1", paramLabel = "TEXTS.jsonl", description = "Objects with text.")
    private Path texts = Path.of("");

    @Option(names = "--count", defaultValue = "128", description = "Texts to score, the first ones.")
    private int count;

    @Option(names = "--warmup", defaultValue = "8", description = "First texts that are scored before, uncounted.")
    private int warmup;

    @Option(names = "--threads", defaultValue = "2")
    private int threads;

    @Option(names = "--max-length", defaultValue = "512", description = "Tokens at which a text is cut.")
    private int maxLength;

    @Option(names = "--batch-tokens", defaultValue = "4096", description = "Tokens computed together.")
    private int batchTokens;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ScoreBench()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        Options options = Options.defaults()
                .withThreads(threads)
                .withBatchTokens(batchTokens)
                .withMaxLength(maxLength);
        List<String> all = read();
        try (TextClassifier classifier = TextClassifier.open(model, options)) {
            classifier.classify(all.subList(0, Math.min(warmup, all.size())));
            double cpuStart = Machine.cpuSeconds();
            long start = System.nanoTime();
            List<Classification> results = classifier.classify(all);
            double seconds = (System.nanoTime() - start) / 1e9;
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("peer", "temper score");
            line.put("threads", threads);
            line.put("rows", all.size());
            line.put("rows_per_s", TrainBench.rounded(all.size() / seconds, 1000));
            line.put("cpu_seconds", TrainBench.rounded(Machine.cpuSeconds() - cpuStart, 1000));
            line.put("peak_bytes", Machine.peakBytes());
            line.put("scores", scores(results, classifier.labels()));
            System.out.println(JSON.writeValueAsString(line));
        }
        return 0;
    }

    private List<String> read() throws IOException {
        List<String> all = new ArrayList<>();
        for (String line : Files.readAllLines(texts)) {
            if (all.size() < count) {
                all.add(JSON.readTree(line).path("text").asText());
            }
        }
        return all;
    }

    /** Of the label that is the last by its name, as the peer shows it. */
    private static List<Double> scores(List<Classification> results, List<String> labels) {
        int last = labels.indexOf(new TreeSet<>(labels).last());
        return results.stream()
                .limit(SHOWN_SCORES)
                .map(result -> TrainBench.rounded(result.probabilities()[last], 1_000_000))
                .toList();
    }
}
