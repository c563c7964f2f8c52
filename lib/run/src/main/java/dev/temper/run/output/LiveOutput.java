package dev.temper.run.output;

import dev.temper.check.Secrets;
import dev.temper.report.NoFontsException;
import dev.temper.report.Picture;
import dev.temper.report.RunReport;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.track.Metric;
import dev.temper.train.Standing;
import dev.temper.train.StandingListener;
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
public final class LiveOutput implements StandingListener {
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
    public void hear(Standing standing) {
        if (isGivenUp) {
            return;
        }
        try {
            write(standing);
        } catch (IOException e) { // they are written at the end, or that says what is wrong
            isGivenUp = true;
            says.accept("tables and report cannot be written while the run goes on: " + HadoopStore.reason(e));
        }
    }

    private void write(Standing standing) throws IOException {
        output.writeMetrics(standing.metrics());
        Scores scores = new Scores(standing.metrics());
        EvaluationTables tables = output.evaluation();
        List<Metric> evaluated = scores.ofAllEvaluations();
        if (!evaluated.isEmpty()) {
            tables.writeScores(evaluated);
        }
        if (!standing.samples().isEmpty()) {
            tables.writeGenerations(standing.samples());
        }
        output.writeReport(report(standing, scores));
    }

    private String report(Standing standing, Scores scores) {
        Map<String, String> facts = new LinkedHashMap<>(page.facts());
        if (standing.seconds() > 0) {
            facts.put("training", training(standing));
        }
        RunLoss.of(standing.metrics(), standing.step()).text().ifPresent(loss -> facts.put("loss", loss));
        RunReport report = new RunReport(page.title(), status(standing))
                .underWay()
                .facts(facts)
                .rows(page.rows())
                .scores(scores.newest())
                .metrics(standing.metrics())
                .samples(standing.samples())
                .warnings(page.warnings());
        curves(standing.metrics()).forEach(report::picture);
        return Secrets.maskedValues(report.html());
    }

    private static String status(Standing standing) {
        return String.format(
                Locale.ROOT,
                "under way: update %,d of %,d (%d %%); written on %s",
                standing.step(),
                standing.steps(),
                100L * standing.step() / Math.max(1, standing.steps()),
                RunFacts.SECOND.format(Instant.now()));
    }

    private static String training(Standing standing) {
        String text = String.format(
                Locale.ROOT, "%.1f s, %,.0f tokens/s", standing.seconds(), standing.tokens() / standing.seconds());
        if (standing.step() < KNOWN) {
            return text;
        }
        double left = standing.seconds() / standing.step() * (standing.steps() - standing.step());
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
