package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/** What makes a good setup (recipe.yaml, train.csv and the folder base) a bad one. */
interface Damage {
    void to(Path folder) throws IOException;

    static Damage data(String csv) {
        return folder -> Files.writeString(folder.resolve("train.csv"), csv);
    }

    static Damage remove(String file) {
        return folder -> Files.delete(folder.resolve("base").resolve(file));
    }

    static Damage config(Consumer<ObjectNode> change) {
        return folder -> {
            Path file = folder.resolve("base/config.json");
            ObjectNode fields = (ObjectNode) new ObjectMapper().readTree(Files.readString(file));
            change.accept(fields);
            Files.writeString(file, fields.toString());
        };
    }

    static Path weights(Path folder) {
        return folder.resolve("base/model.safetensors");
    }

    static void cut(Path file, int bytes) throws IOException {
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), bytes));
    }

    static void overwrite(Path file, int at, String text) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] other = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(other, 0, bytes, at, other.length);
        Files.write(file, bytes);
    }

    /** Replaces the first {@code from} behind {@code after} by {@code to} and spaces, so that the length stays. */
    static void replace(Path file, String after, String from, String to) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(from, text.indexOf(after));
        overwrite(file, at, to + " ".repeat(from.length() - to.length()));
    }
}
