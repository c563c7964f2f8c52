package dev.temper.spark.preparing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code MANIFEST.json} of a prepared data set. It is written last; if it is missing or does not match the files, the
 * data set does not count as prepared.
 *
 * @param key hash of everything that determines the rows
 * @param files of the rows
 * @param rejectedFiles tables of all rejected rows
 * @param leftOut number of rows that {@code max_train_rows}, {@code max_eval_rows} or weights excluded
 * @param cut number of rows that were truncated
 * @param shortened number of rows of which the chat template does not render the whole answer
 * @param lengths histogram of token counts before truncation
 * @param rejected a few of the rejected rows of each reason
 */
record PreparedManifest(
        int version,
        String key,
        List<Part> files,
        List<Part> rejectedFiles,
        RowCounts rows,
        long leftOut,
        Tokens train,
        Tokens eval,
        long cut,
        long shortened,
        List<Length> lengths,
        List<RejectedRow> rejected) {
    static final String NAME = "MANIFEST.json";
    static final int VERSION = 4;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /** A file of rows. */
    record Part(String name, long bytes, String sha256, long rows) implements Serializable {}

    /** Number of tokens of a split, and of those that count in the loss. */
    record Tokens(long tokens, long trained) implements Serializable {
        Tokens plus(Tokens other) {
            return new Tokens(tokens + other.tokens, trained + other.trained);
        }
    }

    /** Number of rows with at most {@code upTo} tokens and more than half as many. */
    record Length(long upTo, long rows) {}

    void write(Folder folder) throws IOException {
        folder.writeText(NAME, JSON.writeValueAsString(this));
    }

    static PreparedManifest read(Folder folder) throws IOException {
        return JSON.readValue(folder.readText(NAME), PreparedManifest.class);
    }

    /** The manifest of a complete data set with this key; empty if there is none. */
    static Optional<PreparedManifest> find(Folder folder, String key) throws IOException {
        if (!folder.has(NAME)) {
            return Optional.empty();
        }
        try {
            JsonNode json = JSON.readTree(folder.readText(NAME));
            if (json.path("version").asInt() != VERSION
                    || !json.path("key").asText().equals(key)) {
                return Optional.empty();
            }
            PreparedManifest manifest = JSON.treeToValue(json, PreparedManifest.class);
            return manifest.verifies(folder) ? Optional.of(manifest) : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty(); // truncated: prepared again
        }
    }

    private boolean verifies(Folder folder) throws IOException {
        for (Part part : Stream.concat(files.stream(), rejectedFiles.stream()).toList()) {
            if (!folder.holds(part.name(), part.bytes(), part.sha256())) {
                return false;
            }
        }
        return true;
    }
}
