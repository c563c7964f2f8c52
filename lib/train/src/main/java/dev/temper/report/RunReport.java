package dev.temper.report;

import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds {@code report.html}, the report of a run: a single file without scripts or network access, in light or dark
 * mode as the reader's system is set. All text is escaped; sections without content are left out. Everything passed in
 * is published, so it must not contain secrets.
 */
public final class RunReport {
    private static final String HEAD =
            """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta http-equiv="Content-Security-Policy"
              content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>
            """;

    private static final String STYLE =
            """
            <style>
            :root { --ink: #1f2328; --faint: #59636e; --warn: #9a6700;
              --paper: #ffffff; --line: #d1d9e0; --shade: #f6f8fa; }
            @media (prefers-color-scheme: dark) {
              :root { --ink: #e6edf3; --faint: #9198a1; --warn: #d29922;
                --paper: #0d1117; --line: #3d444d; --shade: #151b23; }
            }
            body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
              max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
            h1 { font-size: 1.7rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
            h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
            p.status { color: var(--faint); margin: 0; }
            table { border-collapse: collapse; font-size: .92rem; }
            th, td { border: 1px solid var(--line); padding: .3rem .65rem; text-align: left; vertical-align: top; }
            td { overflow-wrap: anywhere; }
            th { background: var(--shade); font-weight: 600; }
            table.pairs th { white-space: nowrap; }
            table.numbers td + td, table.numbers th + th { text-align: right;
              font-variant-numeric: tabular-nums; white-space: nowrap; }
            table.texts { width: 100%; table-layout: fixed; }
            table.texts td { white-space: pre-wrap; }
            .wide { overflow-x: auto; }
            img { display: block; max-width: 100%; height: auto; margin: 1rem 0;
              border: 1px solid var(--line); background: #ffffff; }
            ul.warnings { color: var(--warn); padding-left: 1.2rem; }
            summary { cursor: pointer; color: var(--faint); margin: .6rem 0; }
            @media print { body { max-width: none; } img { break-inside: avoid; } }
            </style>
            """;

    /** While a run is in progress the file is rewritten every few seconds or minutes. */
    private static final String REFRESH = "<meta http-equiv=\"refresh\" content=\"20\"/>";

    private final String title;
    private final String status;
    private boolean isUnderWay;
    private final Map<String, String> facts = new LinkedHashMap<>();
    private final Map<String, Double> scores = new LinkedHashMap<>();
    private final List<Metric> metrics = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();
    private final List<Picture> pictures = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<EvaluationReport> evaluations = new ArrayList<>();
    private final List<Rows> rows = new ArrayList<>();

    /**
     * Counts of rows: {@code in = trained + evaluated + rejected}.
     *
     * @param rejected number of rejected rows by reason
     */
    public record Rows(long in, long trained, long evaluated, Map<String, Long> rejected) implements Serializable {
        public Rows {
            rejected = Collections.unmodifiableMap(new LinkedHashMap<>(rejected));
        }
    }

    /** @param status such as {@code finished}, in a few words */
    public RunReport(String title, String status) {
        this.title = title;
        this.status = status;
    }

    /** Marks the run as in progress: browsers reload the page periodically. */
    public RunReport underWay() {
        isUnderWay = true;
        return this;
    }

    /** Adds names and values, such as the base model, settings or seconds, in this order. */
    public RunReport facts(Map<String, String> more) {
        facts.putAll(more);
        return this;
    }

    /** Adds the counts of rows. */
    public RunReport rows(Rows counts) {
        rows.add(counts);
        return this;
    }

    /** Adds final scores, in this order. */
    public RunReport scores(Map<String, Double> more) {
        scores.putAll(more);
        return this;
    }

    /** Adds its scores, and its tables for people. */
    public RunReport evaluation(EvaluationReport report) {
        evaluations.add(report);
        return scores(report.scores());
    }

    /** Adds a table with the first, last, lowest and highest value of each metric. Curves are added as pictures. */
    public RunReport metrics(List<Metric> more) {
        metrics.addAll(more);
        return this;
    }

    /** Adds generated answers, before and after training side by side for each prompt. */
    public RunReport samples(List<Sample> more) {
        samples.addAll(more);
        return this;
    }

    /** Adds a picture, embedded in the page. */
    public RunReport picture(Picture picture) {
        pictures.add(picture);
        return this;
    }

    /** Adds warnings, one sentence each. */
    public RunReport warnings(List<String> more) {
        warnings.addAll(more);
        return this;
    }

    /** The complete page, to be written as UTF-8. */
    public String html() {
        Html page = new Html().markup(isUnderWay ? HEAD + REFRESH : HEAD).element("title", title);
        page.markup(STYLE + "</head>\n<body>\n<main>");
        page.element("h1", title);
        page.markup("<p class=\"status\">" + Html.escaped(status) + "</p>");
        if (!warnings.isEmpty()) {
            page.markup("<h2>Warnings</h2>\n<ul class=\"warnings\">");
            warnings.forEach(warning -> page.element("li", warning));
            page.markup("</ul>");
        }
        if (!facts.isEmpty()) {
            page.markup("<h2>Run</h2>");
            page.pairs(facts.entrySet().stream()
                    .map(fact -> List.of(fact.getKey(), fact.getValue()))
                    .toList());
        }
        rows.forEach(counts -> writeRows(page, counts));
        if (!scores.isEmpty()) {
            page.markup("<h2>Scores</h2>");
            page.table("numbers", List.of("score", "value"), pairs(scores));
        }
        evaluations.forEach(report -> writeTables(page, report));
        if (!pictures.isEmpty()) {
            page.markup("<h2>Pictures</h2>");
            pictures.forEach(page::picture);
        }
        writeMetrics(page);
        writeSamples(page);
        return page.markup("</main>\n</body>\n</html>").toString();
    }

    private static void writeRows(Html page, Rows counts) {
        Map<String, Long> all = new LinkedHashMap<>();
        all.put("in", counts.in());
        all.put("trained", counts.trained());
        all.put("evaluated", counts.evaluated());
        all.put(
                "rejected",
                counts.rejected().values().stream().mapToLong(n -> n).sum());
        counts.rejected().forEach((reason, count) -> all.put("rejected: " + reason, count));
        page.markup("<h2>Rows</h2>");
        page.table("numbers", List.of("rows", "count"), pairs(all));
    }

    private static List<List<String>> pairs(Map<String, ? extends Number> values) {
        return values.entrySet().stream()
                .map(entry -> List.of(entry.getKey(), Numbers.shown(entry.getValue())))
                .toList();
    }

    private static void writeTables(Html page, EvaluationReport report) {
        for (ResultTable table : report.shown()) {
            page.markup("<h2>" + Html.escaped(table.name()) + "</h2>").table("numbers", table.headers(), table.texts());
        }
        for (ResultTable table : report.folded()) {
            page.markup("<details><summary>" + Html.escaped(table.name()) + "</summary>");
            page.table("numbers", table.headers(), table.texts()).markup("</details>");
        }
    }

    private void writeMetrics(Html page) {
        if (metrics.isEmpty()) {
            return;
        }
        Map<String, List<Metric>> byName = new LinkedHashMap<>();
        metrics.forEach(metric ->
                byName.computeIfAbsent(metric.name(), name -> new ArrayList<>()).add(metric));
        List<List<String>> table = new ArrayList<>();
        byName.forEach((name, values) -> {
            double[] sorted = values.stream()
                    .mapToDouble(Metric::value)
                    .filter(Double::isFinite)
                    .sorted()
                    .toArray();
            table.add(List.of(
                    name,
                    Numbers.shown(values.get(0).value()),
                    Numbers.shown(values.get(values.size() - 1).value()),
                    Numbers.shown(sorted.length == 0 ? Double.NaN : sorted[0]),
                    Numbers.shown(sorted.length == 0 ? Double.NaN : sorted[sorted.length - 1])));
        });
        page.markup("<h2>Metrics</h2>");
        page.table("numbers", List.of("metric", "first", "last", "lowest", "highest"), table);
    }

    private void writeSamples(Html page) {
        if (samples.isEmpty()) {
            return;
        }
        long first = samples.stream().mapToLong(Sample::step).min().orElseThrow();
        long last = samples.stream().mapToLong(Sample::step).max().orElseThrow();
        boolean hasExpected = samples.stream().anyMatch(Sample::hasExpected);
        Map<Integer, String> before = new TreeMap<>();
        samples.stream().filter(s -> s.step() == first).forEach(s -> before.put(s.number(), s.text()));
        List<String> headers = new ArrayList<>(List.of("prompt", "step " + first));
        if (last > first) {
            headers.add("step " + last);
        }
        if (hasExpected) {
            headers.add("expected");
        }
        Map<Integer, List<String>> table = new TreeMap<>();
        for (Sample sample : samples) {
            if (sample.step() == last) {
                List<String> row = new ArrayList<>(List.of(sample.prompt(), before.getOrDefault(sample.number(), "")));
                if (last > first) {
                    row.add(sample.text());
                }
                if (hasExpected) {
                    row.add(sample.expected());
                }
                table.put(sample.number(), row);
            }
        }
        page.markup("<h2>Answers</h2>").table("texts", headers, List.copyOf(table.values()));
    }
}
