package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The folder of a tokenizer, on any store; of a remote one the two files are copied once per process.
 *
 * @param localFolder where copies go; the system's temporary folder when empty
 */
record TokenizerFolder(HadoopStore store, String location, String localFolder) implements Serializable {
    static final List<String> FILES = List.of("tokenizer.json", "tokenizer_config.json");
    private static final Map<String, Path> COPIES = new ConcurrentHashMap<>();

    static TokenizerFolder of(HadoopStore store, String location, String localFolder) {
        return new TokenizerFolder(store, HadoopStore.resolve(location), localFolder);
    }

    /** The tokenizer of this process; not to be closed. */
    Tokenizer shared() {
        return Tokenizer.shared(
                store.localPath(location).orElseGet(() -> COPIES.computeIfAbsent(location, absent -> copy())));
    }

    /** @throws dev.temper.check.InvalidInputException when the folder does not have it */
    InputStream read(String file) throws IOException {
        String name = location + "/" + file;
        check(store.find(name).isPresent(), "%s is missing: the tokenizer's folder must have it", name);
        return store.read(name);
    }

    private Path copy() {
        try {
            Path parent = Path.of(localFolder.isEmpty() ? System.getProperty("java.io.tmpdir") : localFolder);
            Path target = Files.createTempDirectory(Files.createDirectories(parent), "temper-tokenizer-");
            target.toFile().deleteOnExit();
            for (String file : FILES) {
                target.resolve(file).toFile().deleteOnExit();
                try (InputStream in = read(file)) {
                    Files.copy(in, target.resolve(file));
                }
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
