package dev.temper.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** One small session for all tests of this module, and a tokenizer whose tokens are words. */
public final class LocalSpark {
    public static final int END = 1;

    private LocalSpark() {}

    public static SparkSession session() {
        return session("local[2]");
    }

    /** @param master counts only where there is no session yet */
    public static SparkSession session(String master) {
        return SparkSession.builder()
                .master(master)
                .appName("temper-spark-tests")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "3")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
    }

    /** Words {@code w0}, {@code w1}, … and all else as unknown; {@code <end>} ends a text. */
    public static Path writeTokenizer(Path folder, int words) throws IOException {
        StringBuilder vocabulary = new StringBuilder("\"<unk>\": 0, \"<end>\": " + END);
        for (int i = 0; i < words; i++) {
            vocabulary.append(", \"w").append(i).append("\": ").append(i + 2);
        }
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
        Files.writeString(
                folder.resolve("tokenizer.json"),
                """
                {"version": "1.0", "added_tokens": [{"id": 1, "content": "<end>", "special": true, "single_word": false,
                  "lstrip": false, "rstrip": false, "normalized": false}],
                 "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {%s}}}
                """
                        .formatted(vocabulary));
        return folder;
    }
}
