package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.run.EvaluationRun;
import dev.temper.run.output.Scores;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import java.util.Map;

/** {@code temper evaluate}: prints what was measured. */
final class EvaluateJob {
    private EvaluateJob() {}

    static void run(HadoopStore store, EvaluateCommand.Request request) throws Exception {
        EvaluationRun.Evaluated evaluated =
                EvaluationRun.evaluate(RunJob.environment(store), request.recipe(), request.output());
        Map<String, Double> scores = evaluated.scores();
        PreparedData data = evaluated.data();
        long rows = data.rows().evaluated();
        if (request.json()) {
            ObjectNode json = new ObjectMapper().createObjectNode().put("rows", rows);
            scores.forEach(json.putObject("scores")::put);
            Console.say(json);
        } else {
            Console.sayAll(Scores.table(scores).toString().stripTrailing());
            Console.say("%,d rows", rows);
            Console.say("files: %s", data.files().readFiles(data.rows().evaluated()));
            data.files().leftOutFiles().forEach(files -> Console.say("not read: %s", files));
        }
    }
}
