package dev.temper.run.output;

import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.train.objective.LabelSurvey;
import dev.temper.train.objective.Objective;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the driver knows of prepared rows that have labels.
 *
 * @param survey counts them; empty where rows have none
 * @param evaluated where the rows to evaluate on come from, in their order; none where rows have no labels
 */
public record LabelledRows(Optional<LabelSurvey> survey, List<Origin> evaluated) {
    /** Where a row comes from. */
    record Origin(String rowId, String source, long rowNumber) {}

    /** Reads nothing where rows have no labels. */
    public static LabelledRows read(Folder prepared, Objective objective) throws IOException {
        Optional<LabelSurvey> survey = objective.survey();
        List<Origin> evaluated = new ArrayList<>();
        if (survey.isPresent()) {
            PreparedData.readOrigins(prepared, row -> {
                if (row.split() == Split.TRAIN) {
                    survey.get().addTrained(row.label(), row.cut());
                } else {
                    survey.get().addEvaluated(row.label(), row.cut());
                    evaluated.add(new Origin(row.rowId(), row.source(), row.rowNumber()));
                }
            });
        }
        return new LabelledRows(survey, evaluated);
    }
}
