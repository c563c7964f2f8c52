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

/**
 * Local copies of folders. A remote folder is copied once per process, and the copy is deleted when the process ends.
 */
public final class LocalCopies {
    private static final Pattern MODEL_FILES =
            Pattern.compile(".*\\.(json|safetensors|jinja|txt|model)|" + TemplateFiles.FOLDER + "/");
    private static final Map<String, Path> COPIES = new ConcurrentHashMap<>();

    private LocalCopies() {}

    /**
     * Local path of a model's or an adapter's files.
     *
     * @param parent folder for copies; the system's temporary folder when empty
     */
    public static Path model(Folder folder, Optional<String> parent) throws IOException {
        return copy(folder, parent, "temper-model-", name -> MODEL_FILES
                .matcher(name)
                .matches());
    }

    /**
     * Local path of a tokenizer's files.
     *
     * @param parent folder for copies; the system's temporary folder when empty
     * @throws dev.temper.check.InvalidInputException when the folder has no tokenizer
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

    /** Copies a folder. A failed copy is deleted, as a retried task copies everything again. */
    private static Path localize(Folder folder, Path target, Predicate<String> wanted) throws IOException {
        try {
            return folder.localize(target, wanted);
        } catch (IOException | RuntimeException e) {
            new LocalStore().delete(target.toString());
            throw e;
        }
    }

    private static void deleteOnExit(Path copy) throws IOException {
        try (Stream<Path> files = Files.walk(copy)) { // in reverse order: files before their folder
            files.forEach(file -> file.toFile().deleteOnExit());
        }
    }
}
