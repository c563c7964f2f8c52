package dev.temper.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.eval.Sample;
import dev.temper.track.Metric;
import dev.temper.train.config.TrainingConfig;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** The state of a run between two updates that a checkpoint stores besides weights and optimizer. */
public final class TrainingState {
    int step; // number of finished updates
    long tokens;
    double seconds; // total duration of the updates
    int skipped;
    int skippedInARow;
    double lossSinceLog;
    double weightSinceLog; // total weight of the losses since the last log
    long tokensSinceLog;
    double secondsSinceLog;
    double secondsOfEvaluation; // duration of the last one
    boolean isMeasured = true; // whether the evaluation that was due after the last update has been made
    boolean stoppedEarly;
    int halvings; // of micro-batches, over all workers
    int microBatchTokens = Integer.MAX_VALUE; // the smallest of all workers after the last halving
    final BestEvaluation best = new BestEvaluation();
    final List<Metric> metrics = new ArrayList<>();

    /** The outcome, as reported at the end of training. */
    TrainingResult.Outcome outcome(TrainingConfig config) {
        boolean isBestKept = config.loadBestModelAtEnd() && best.step > 0;
        return new TrainingResult.Outcome(
                step, isBestKept ? best.step : step, best.step, best.value, stoppedEarly, skipped, halvings);
    }

    TrainingSnapshot snapshot(int steps, List<Sample> samples) {
        return new TrainingSnapshot(step, steps, List.copyOf(metrics), List.copyOf(samples), seconds, tokens);
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("step", step)
                .put("tokens", tokens)
                .put("seconds", seconds)
                .put("skipped", skipped)
                .put("skipped_in_a_row", skippedInARow)
                .put("loss_since_log", lossSinceLog)
                .put("weight_since_log", weightSinceLog)
                .put("tokens_since_log", tokensSinceLog)
                .put("seconds_since_log", secondsSinceLog)
                .put("seconds_of_evaluation", secondsOfEvaluation)
                .put("measured", isMeasured)
                .put("stopped_early", stoppedEarly)
                .put("halvings", halvings)
                .put("micro_batch_tokens", microBatchTokens);
        best.write(json.putObject("best"));
        for (Metric metric : metrics) {
            json.withArray("metrics")
                    .addObject()
                    .put("step", metric.step())
                    .put("name", metric.name())
                    .put("value", metric.value())
                    .put("micros", ChronoUnit.MICROS.between(Instant.EPOCH, metric.time()));
        }
        return json;
    }

    static TrainingState of(JsonNode json) {
        TrainingState state = new TrainingState();
        state.step = json.get("step").asInt();
        state.tokens = json.get("tokens").asLong();
        state.seconds = json.get("seconds").asDouble();
        state.skipped = json.get("skipped").asInt();
        state.skippedInARow = json.get("skipped_in_a_row").asInt();
        state.lossSinceLog = json.get("loss_since_log").asDouble();
        state.weightSinceLog = json.get("weight_since_log").asDouble();
        state.tokensSinceLog = json.get("tokens_since_log").asLong();
        state.secondsSinceLog = json.get("seconds_since_log").asDouble();
        state.secondsOfEvaluation = json.path("seconds_of_evaluation").asDouble();
        state.isMeasured = json.path("measured").asBoolean(true);
        state.stoppedEarly = json.path("stopped_early").asBoolean();
        state.halvings = json.path("halvings").asInt();
        state.microBatchTokens = json.path("micro_batch_tokens").asInt(Integer.MAX_VALUE);
        state.best.read(json.path("best"));
        for (JsonNode metric : json.path("metrics")) {
            state.metrics.add(new Metric(
                    metric.get("step").asLong(),
                    metric.get("name").asText(),
                    metric.get("value").asDouble(),
                    Instant.EPOCH.plus(metric.get("micros").asLong(), ChronoUnit.MICROS)));
        }
        return state;
    }
}
