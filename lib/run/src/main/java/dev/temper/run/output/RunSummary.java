package dev.temper.run.output;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.eval.Sample;
import dev.temper.plan.GivenMemory;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.report.EvaluationReport;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.track.Metric;
import dev.temper.track.TextTable;
import dev.temper.train.TrainingResult;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What came of a run: manifest.json, and the last lines on the console. */
public record RunSummary(Recipe recipe, PreparedData data, List<TrainingResult> results) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SHOWN_SAMPLES = 10;

    private TrainingResult first() {
        return results.get(0);
    }

    /** All workers' answers, by step and prompt. */
    public List<Sample> samples() {
        return samples(results);
    }

    public static List<Sample> samples(List<TrainingResult> results) {
        return results.stream()
                .flatMap(result -> result.samples().stream())
                .sorted(Comparator.comparingLong(Sample::step).thenComparingInt(Sample::number))
                .toList();
    }

    public List<Metric> metrics() {
        return first().metrics();
    }

    /** Tables and pictures of the model that is kept, where its task has any. */
    public Optional<EvaluationReport> report() {
        return recipe.model().objective().report(first().predictions());
    }

    public Scores scores() {
        return new Scores(metrics());
    }

    public TrainingResult.Outcome outcome() {
        return first().outcome();
    }

    /** What was measured of the model that is kept. */
    public Map<String, Double> finalScores() {
        return scores().at(outcome().keptStep());
    }

    /** Before and after training, of whichever rows there are. */
    RunLoss loss() {
        return RunLoss.of(metrics(), outcome().keptStep());
    }

    /** The manifest of a run that has begun. */
    public static ObjectNode begun(Recipe recipe, PreparedData data, List<String> version) {
        ObjectNode manifest = JSON.createObjectNode();
        manifest.put("version", version.get(0))
                .put("commit", version.get(1))
                .put("status", RunOutput.RUNNING)
                .put("recipe_hash", RecipeIdentity.hash(recipe));
        ObjectNode rows = manifest.putObject("rows");
        rows.put("in", data.rows().in())
                .put("trained", data.rows().trained())
                .put("evaluated", data.rows().evaluated());
        ObjectNode rejected = rows.putObject("rejected");
        data.rows().rejected().forEach(rejected::put);
        manifest.set("files", DataSummary.files(data));
        return manifest;
    }

    /** The manifest with all figures; its status is the writer's to set. */
    public ObjectNode manifest(List<String> version) {
        ObjectNode manifest = begun(recipe, data, version);
        loss().into(manifest.putObject("loss"));
        if (!finalScores().isEmpty()) {
            finalScores().forEach(manifest.putObject("scores")::put);
        }
        if (outcome().bestStep() > 0) {
            manifest.putObject("best")
                    .put("step", outcome().bestStep())
                    .put("metric", recipe.training().bestMetric())
                    .put("value", outcome().bestValue());
        }
        manifest.put("stopped", stopped())
                .put("kept_step", outcome().keptStep())
                .put("steps", outcome().steps())
                .put("skipped_steps", outcome().skippedSteps())
                .put("halved_micro_batches", outcome().halvings())
                .put("seconds", first().seconds())
                .put("tokens_per_second", tokensPerSecond());
        manifest.putObject("parameters")
                .put("total", first().totalParameters())
                .put("trainable", first().trainableParameters());
        TrainingResult.Memory memory = first().memory();
        if (memory.peak() != null) {
            manifest.putObject("memory")
                    .put("planned_bytes", memory.planned())
                    .put("peak_anonymous_bytes", memory.peak().anonymousBytes())
                    .put("peak_mapped_bytes", memory.peak().mappedBytes());
        }
        manifest.withObject("/memory")
                .put("planned_rows_bytes", data.mappedBytes())
                .put("rows_bytes", memory.rows());
        ObjectNode paths = manifest.putObject("paths");
        paths.put(modelFolder(), modelFolder()).put("metrics", "metrics");
        paths.put("prepared", data.folder().location()).put("rejected", "rejected");
        paths.put("report", "report.html");
        if (!samples().isEmpty()) {
            paths.put("generations", "evaluation/generations");
        }
        if (!finalScores().isEmpty()) {
            paths.put("scores", "evaluation/scores");
        }
        report().stream()
                .flatMap(report -> Stream.concat(Stream.of(report.predictions()), report.tables().stream()))
                .forEach(table -> paths.put(table.name(), "evaluation/" + table.name()));
        return manifest;
    }

    /** Why training ended. */
    String stopped() {
        if (!outcome().stoppedEarly()) {
            return "all updates done";
        }
        int patience = recipe.training().earlyStoppingPatience().orElse(0);
        return String.format(
                Locale.ROOT,
                "early: %s was no better in %s",
                recipe.training().bestMetric(),
                patience == 1 ? "an evaluation" : patience + " evaluations");
    }

    /** How many updates changed nothing; empty when all of them did. */
    public Optional<String> skipped() {
        return outcome().skippedSteps() == 0
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%,d of %,d updates were skipped: their gradients were not finite",
                        outcome().skippedSteps(),
                        outcome().steps()));
    }

    public String modelFolder() {
        return recipe.adapter().isPresent() ? "adapter" : "model";
    }

    String machine() {
        return first().machine();
    }

    long trainableParameters() {
        return first().trainableParameters();
    }

    long totalParameters() {
        return first().totalParameters();
    }

    double seconds() {
        return first().seconds();
    }

    double tokensPerSecond() {
        return first().tokens() / first().seconds();
    }

    /** How much memory the first worker's process had; empty where nobody knows. */
    Optional<String> memory() {
        TrainingResult.Memory memory = first().memory();
        return memory.peak() == null
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s held at most, planned %s; %s of mapped files, %.1f MiB of them rows",
                        GivenMemory.gib(memory.peak().anonymousBytes()),
                        GivenMemory.gib(memory.planned()),
                        GivenMemory.gib(memory.peak().mappedBytes()),
                        memory.rows() / (double) (1 << 20)));
    }

    private String best() {
        String metric = recipe.training().bestMetric();
        return outcome().bestStep() == 0
                ? metric + " was never measured: the last model is kept"
                : String.format(
                        Locale.ROOT,
                        "%s %.4f after update %,d%s",
                        metric,
                        outcome().bestValue(),
                        outcome().bestStep(),
                        recipe.training().loadBestModelAtEnd() ? ", which is the model that is kept" : "");
    }

    /** The closing lines. */
    public String text(String output) {
        StringBuilder text = new StringBuilder();
        List<Sample> samples = samples();
        if (!samples.isEmpty()) {
            text.append(answers(samples)).append('\n');
        }
        text.append(String.format(Locale.ROOT, "rows        %s%n", data.rows()));
        if (recipe.model().objective().listsScores() && !finalScores().isEmpty()) {
            text.append('\n').append(scores().table(0, outcome().keptStep())).append('\n');
        }
        loss().text().ifPresent(line -> text.append("loss        ").append(line).append('\n'));
        exactMatch().ifPresent(line -> text.append("exact match ").append(line).append('\n'));
        if (recipe.training().choosesBest()) {
            text.append("best        ").append(best()).append('\n');
        }
        if (outcome().stoppedEarly()) {
            text.append(String.format("stopped     %s%n", stopped()));
        }
        text.append(String.format(
                Locale.ROOT,
                "trained     %,d of %,d parameters, %,d updates in %.1f s, %,.0f tokens/s%n",
                first().trainableParameters(),
                first().totalParameters(),
                outcome().steps(),
                first().seconds(),
                tokensPerSecond()));
        skipped().ifPresent(line -> text.append("skipped     ").append(line).append('\n'));
        memory().ifPresent(line -> text.append("memory      ").append(line).append('\n'));
        String place = Printable.masked(output);
        text.append(String.format("%-11s %s/%s%n", modelFolder(), place, modelFolder()));
        text.append(String.format(
                "tables      %s/metrics, evaluation, rejected; %s/manifest.json, report.html", place, place));
        return text.toString();
    }

    private Optional<String> exactMatch() {
        List<Metric> exact = metrics().stream()
                .filter(metric -> metric.name().equals("eval/exact_match"))
                .sorted(Comparator.comparingLong(Metric::step))
                .toList();
        return exact.isEmpty()
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%.0f %% before, %.0f %% after, of %d held-out prompts",
                        100 * exact.get(0).value(),
                        100 * exact.get(exact.size() - 1).value(),
                        Math.min(recipe.generation().evalPrompts(), data.rows().evaluated())));
    }

    /** Prompts with the answers before and after. */
    private static TextTable answers(List<Sample> samples) {
        TextTable table = new TextTable(44, "prompt", "before", "after");
        List<Sample> before =
                samples.stream().filter(sample -> sample.step() == 0).toList();
        List<Sample> after = new ArrayList<>(
                samples.stream().filter(sample -> sample.step() > 0).toList());
        for (int i = 0; i < Math.min(SHOWN_SAMPLES, Math.min(before.size(), after.size())); i++) {
            String answer = before.get(i).text().strip();
            table.add(before.get(i).prompt(), answer, after.get(i).text().strip());
        }
        return table;
    }
}
