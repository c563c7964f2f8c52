package dev.temper.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a model with a head for whole texts is worth, as tables, report and model card show it.
 *
 * @param scores by name, in the order to show them
 * @param predictions a row for each row that was evaluated, in their order: what it is, and what the model makes of it
 * @param tables more files, in the order to name them
 * @param shown tables for people, in report and model card
 * @param folded tables for people, in the report, who ask for them
 * @param drawings pictures by the names of their files
 */
public record EvaluationReport(
        Map<String, Double> scores,
        ResultTable predictions,
        List<ResultTable> tables,
        List<ResultTable> shown,
        List<ResultTable> folded,
        Map<String, Drawing> drawings) {
    /** A picture that is drawn when it is needed. */
    @FunctionalInterface
    public interface Drawing {
        /** @throws NoFontsException when this JVM cannot draw; the tables say the same */
        Picture draw() throws NoFontsException;
    }

    public EvaluationReport {
        scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
        tables = List.copyOf(tables);
        shown = List.copyOf(shown);
        folded = List.copyOf(folded);
        drawings = Collections.unmodifiableMap(new LinkedHashMap<>(drawings));
    }
}
