package dev.temper.run.output;

import dev.temper.check.Secrets;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.report.RunReport;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.track.Metric;
import dev.temper.train.SnapshotListener;
import dev.temper.train.TrainingSnapshot;
import java.io.IOException;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Tables and report of a run while it goes on. The first worker writes them, between two updates as it writes
 * checkpoints; the driver writes them anew when all is done, so what a killed run has left of them does not matter.
 */
public final class LiveOutput implements SnapshotListener {
    private static final int KNOWN = 10; // updates after which it is known how long they take: the first one is slow

    private final RunOutput output;
    private final Page page;
    private final Consumer<String> says;
    private boolean isGivenUp;

    /**
     * What the driver knows for the page; travels to the worker.
     *
     * @param facts names and values
     * @param warnings what the user was told
     * @param curves the scores that are drawn
     */
    public record Page(
            String title, Map<String, String> facts, RunReport.Rows rows, List<String> warnings, List<String> curves)
            implements Serializable {
        public Page {
            facts = new LinkedHashMap<>(facts); // in their order
            warnings = List.copyOf(warnings);
            curves = List.copyOf(curves);
        }
    }

    /** @param says hears when nothing can be written */
    public LiveOutput(RunOutput output, Page page, Consumer<String> says) {
        this.output = output;
        this.page = page;
        this.says = says;
    }

    @Override
    public void hear(TrainingSnapshot snapshot) {
        if (isGivenUp) {
            return;
        }
        try {
            write(snapshot);
        } catch (IOException e) { // they are written at the end, or that says what is wrong
            isGivenUp = true;
            says.accept("tables and report cannot be written while the run goes on: " + HadoopStore.reason(e));
        }
    }

    private void write(TrainingSnapshot snapshot) throws IOException {
        output.writeMetrics(snapshot.metrics());
        Scores scores = new Scores(snapshot.metrics());
        EvaluationTables tables = output.evaluation();
        List<Metric> evaluated = scores.ofAllEvaluations();
        if (!evaluated.isEmpty()) {
            tables.writeScores(evaluated);
        }
        if (!snapshot.samples().isEmpty()) {
            tables.writeGenerations(snapshot.samples());
        }
        output.writeReport(report(snapshot, scores));
    }

    private String report(TrainingSnapshot snapshot, Scores scores) {
        Map<String, String> facts = new LinkedHashMap<>(page.facts());
        if (snapshot.seconds() > 0) {
            facts.put("training", training(snapshot));
        }
        RunLoss.of(snapshot.metrics(), snapshot.step()).text().ifPresent(loss -> facts.put("loss", loss));
        RunReport report = new RunReport(page.title(), status(snapshot))
                .underWay()
                .facts(facts)
                .rows(page.rows())
                .scores(scores.newest())
                .metrics(snapshot.metrics())
                .samples(snapshot.samples())
                .warnings(page.warnings());
        curves(snapshot.metrics()).forEach(report::picture);
        return Secrets.maskedValues(report.html());
    }

    private static String status(TrainingSnapshot snapshot) {
        return String.format(
                Locale.ROOT,
                "under way: update %,d of %,d (%d %%); written on %s",
                snapshot.step(),
                snapshot.steps(),
                100L * snapshot.step() / Math.max(1, snapshot.steps()),
                RunFacts.SECOND.format(Instant.now()));
    }

    private static String training(TrainingSnapshot snapshot) {
        String text = String.format(
                Locale.ROOT, "%.1f s, %,.0f tokens/s", snapshot.seconds(), snapshot.tokens() / snapshot.seconds());
        if (snapshot.step() < KNOWN) {
            return text;
        }
        double left = snapshot.seconds() / snapshot.step() * (snapshot.steps() - snapshot.step());
        return text + String.format(Locale.ROOT, "; about %,.0f s of updates are left", left);
    }

    private List<Picture> curves(List<Metric> metrics) {
        try {
            return metrics.isEmpty() ? List.of() : RunDocuments.curves(metrics, page.curves());
        } catch (NoFontsException e) {
            return new ArrayList<>(); // said at the end
        }
    }
}
