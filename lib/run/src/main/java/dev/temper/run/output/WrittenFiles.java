package dev.temper.run.output;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The files of a finished run, as {@code written} in its manifest lists them.
 *
 * @param bytes the size of each, by its name in the output
 */
record WrittenFiles(Map<String, Long> bytes) {
    private static final String FIELD = "written";
    private static final String WEIGHTS = ".safetensors";

    WrittenFiles {
        bytes = new TreeMap<>(bytes);
    }

    static WrittenFiles of(JsonNode manifest) {
        Map<String, Long> files = new TreeMap<>();
        manifest.path(FIELD)
                .fields()
                .forEachRemaining(
                        file -> files.put(file.getKey(), file.getValue().asLong()));
        return new WrittenFiles(files);
    }

    void addTo(ObjectNode manifest) {
        bytes.forEach(manifest.putObject(FIELD)::put);
    }

    /** What is wrong with the first one that is not there with its size; empty when all are. */
    Optional<String> fault(Folder output) throws IOException {
        for (Map.Entry<String, Long> file : bytes.entrySet()) {
            Optional<Long> found = output.bytes(file.getKey());
            if (found.isEmpty()) {
                return Optional.of(file.getKey() + " is missing");
            }
            if (!found.get().equals(file.getValue())) {
                return Optional.of(
                        "%s has %d bytes instead of %d".formatted(file.getKey(), found.get(), file.getValue()));
            }
        }
        return Optional.empty();
    }

    /** As {@link #fault}, but texts and tables may have been edited since. */
    Optional<String> faultOfFinished(Folder output) throws IOException {
        Map<String, Long> weights = new TreeMap<>(bytes);
        weights.keySet().removeIf(name -> !name.endsWith(WEIGHTS));
        Optional<String> fault = new WrittenFiles(weights).fault(output);
        for (String name : bytes.keySet()) {
            if (fault.isEmpty() && !output.has(name)) {
                fault = Optional.of(name + " is missing");
            }
        }
        return fault;
    }
}
