package dev.temper.spark.storage;

import static dev.temper.check.Check.check;

import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.text.TemplateFiles;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Folders on this machine's disk; of a remote one, a copy that is made once per process and goes with it. */
public final class LocalCopies {
    private static final Pattern MODEL_FILES =
            Pattern.compile(".*\\.(json|safetensors|jinja|txt|model)|" + TemplateFiles.FOLDER + "/");
    private static final Map<String, Path> COPIES = new ConcurrentHashMap<>();

    private LocalCopies() {}

    /**
     * The files of a model or an adapter.
     *
     * @param parent where copies go; the system's temporary folder when empty
     */
    public static Path model(Folder folder, Optional<String> parent) throws IOException {
        return copy(folder, parent, "temper-model-", name -> MODEL_FILES
                .matcher(name)
                .matches());
    }

    /**
     * The files of a tokenizer alone.
     *
     * @param parent where copies go; the system's temporary folder when empty
     * @throws dev.temper.check.InvalidInputException when there is none
     */
    public static Path tokenizer(Folder folder, Optional<String> parent) throws IOException {
        boolean isThere = Tokenizer.isIn(folder);
        check(isThere, "%s is missing: the tokenizer's folder must have it", folder.location("tokenizer.json"));
        return copy(folder, parent, "temper-tokenizer-", Tokenizer.FILES::contains);
    }

    private static Path copy(Folder folder, Optional<String> parent, String prefix, Predicate<String> wanted)
            throws IOException {
        Optional<Path> path = folder.store().localPath(folder.location());
        if (path.isPresent()) {
            return path.get();
        }
        synchronized (COPIES) {
            Path copy = COPIES.get(prefix + folder.location());
            if (copy == null) {
                Path parentPath = Path.of(parent.orElse(System.getProperty("java.io.tmpdir")));
                Path target = Files.createTempDirectory(Files.createDirectories(parentPath), prefix);
                target.toFile().deleteOnExit();
                copy = localize(folder, target, wanted);
                COPIES.put(prefix + folder.location(), copy);
                deleteOnExit(copy);
            }
            return copy;
        }
    }

    /** Leaves nothing behind when it fails: a task that is tried again copies gigabytes anew. */
    private static Path localize(Folder folder, Path target, Predicate<String> wanted) throws IOException {
        try {
            return folder.localize(target, wanted);
        } catch (IOException | RuntimeException e) {
            new LocalStore().delete(target.toString());
            throw e;
        }
    }

    private static void deleteOnExit(Path copy) throws IOException {
        try (Stream<Path> files = Files.walk(copy)) { // a folder before its files: the last one goes first
            files.forEach(file -> file.toFile().deleteOnExit());
        }
    }
}
