package dev.temper.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * All that a run has left but the time it took, and its metrics.
 *
 * @param files SHA-256 by name; empty for files in which times stand or the output's location, or that list such files
 */
record RunResult(Map<String, String> files, JsonNode manifest) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TIMED = "metrics/.*|report.html|manifest.json|model/README.md|run.yaml"
            + "|checkpoints/[^/]*/(state|MANIFEST).json";

    static RunResult read(Folder output) throws IOException {
        Map<String, String> files = new TreeMap<>();
        addFiles(output, "", files);
        ObjectNode manifest = (ObjectNode) JSON.readTree(output.readText("manifest.json"));
        ObjectNode written = (ObjectNode) manifest.path("written");
        written.fieldNames().forEachRemaining(name -> {
            if (name.matches(TIMED)) {
                written.put(name, 0); // its size follows the times in it
            }
        });
        return new RunResult(files, manifest.without(List.of("seconds", "tokens_per_second", "memory", "paths")));
    }

    private static void addFiles(Folder folder, String above, Map<String, String> files) throws IOException {
        for (Store.Entry entry : folder.list()) {
            String name = above + entry.name();
            if (entry.isFolder()) {
                addFiles(folder.child(entry.name()), name + "/", files);
            } else {
                files.put(name, name.matches(TIMED) ? "" : folder.sha256(entry.name()));
            }
        }
    }

    /** Values by step and name, without speeds, of each of these tables by the name of the folder above it. */
    static Map<String, Map<String, Double>> metrics(List<String> tables) {
        Map<String, Map<String, Double>> values = new TreeMap<>();
        try (SparkSession spark = WrittenRun.session()) {
            for (Row row : spark.read()
                    .parquet(tables.toArray(String[]::new))
                    .where("name not like '%per_second'")
                    .selectExpr("input_file_name()", "step", "name", "value")
                    .collectAsList()) {
                String[] path = row.getString(0).split("/");
                values.computeIfAbsent(path[path.length - 3], absent -> new TreeMap<>())
                        .put(row.getLong(1) + " " + row.getString(2), row.getDouble(3));
            }
        }
        return values;
    }
}
