package dev.temper.storage;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Reads files of a folder from an untrusted source: a base model, an adapter, a tokenizer, a data set's card. Only
 * regular files inside the folder are read. Links that lead out of it, pipes and devices are refused by name; in the
 * hub's cache, where every file is a link, targets in the {@code blobs} folder next to {@code snapshots} are allowed.
 * Files that are read into memory have a maximum size.
 */
public final class UntrustedFile {
    /** Limit for configuration files; the largest known ones have about 1 MiB. */
    private static final long CONFIG_BYTES = 16L << 20;
    /** Limit for vocabularies and weight indexes; the largest known ones have about 35 million bytes. */
    private static final long LIST_BYTES = 64L << 20;

    private static final Set<String> CONFIGS = Set.of(
            "config.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "generation_config.json",
            "adapter_config.json",
            "README.md");
    private static final String TEMPLATE = ".jinja";
    private static final String NO_FILE = "%s is no file: a folder, a pipe or a device is not read";

    private UntrustedFile() {}

    /**
     * Checks a file name that another file refers to, such as a shard in an index.
     *
     * @param place where the name stands, for the message
     * @throws dev.temper.check.InvalidInputException when it is not the name of a file in the same folder
     */
    public static String plainName(String name, String place) {
        boolean isPlain = !name.isBlank()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == 0);
        check(isPlain, "%s names the file '%s', which is no name of a file beside it: correct the name", place, name);
        return name;
    }

    /**
     * The whole content of a file.
     *
     * @throws dev.temper.check.InvalidInputException when it is larger than the limit for its kind, or cannot be read
     */
    public static byte[] bytes(Folder folder, String name) throws IOException {
        try (InputStream in = open(folder, name)) {
            return bytes(in, folder.location(name));
        }
    }

    /** As {@link #bytes}, decoded as UTF-8. */
    public static String text(Folder folder, String name) throws IOException {
        return new String(bytes(folder, name), StandardCharsets.UTF_8);
    }

    /**
     * The text of a file that the user named, wherever it is.
     *
     * @throws dev.temper.check.InvalidInputException when it is not a regular file
     */
    public static String text(Store store, String location) throws IOException {
        Optional<Path> path = store.localPath(location);
        check(path.isEmpty() || !Files.exists(path.get()) || Files.isRegularFile(path.get()), NO_FILE, location);
        try (InputStream in = store.read(location)) {
            return new String(bytes(in, location), StandardCharsets.UTF_8);
        }
    }

    private static byte[] bytes(InputStream in, String location) throws IOException {
        String name = location.substring(location.lastIndexOf('/') + 1);
        long limit = CONFIGS.contains(name) || name.endsWith(TEMPLATE) ? CONFIG_BYTES : LIST_BYTES;
        byte[] bytes = in.readNBytes((int) limit + 1);
        check(
                bytes.length <= limit,
                "%s has more than %,d bytes, the most that such a file may have: is it one?",
                location,
                limit);
        return bytes;
    }

    /**
     * Opens a file of the folder.
     *
     * @throws dev.temper.check.InvalidInputException when it is not a regular file inside the folder
     */
    public static InputStream open(Folder folder, String name) throws IOException {
        Optional<Path> root = folder.store().localPath(folder.location());
        if (root.isPresent() && Files.exists(root.get().resolve(name))) {
            verify(root.get(), name, folder.location(name));
        }
        return folder.read(name);
    }

    private static void verify(Path folder, String name, String location) throws IOException {
        Path file = folder.resolve(name).toRealPath();
        Path root = folder.toRealPath();
        if (!file.startsWith(root) && !isBlob(file, root)) {
            throw invalid(
                    "%s is a link out of its folder, to %s, and is not followed: put the file itself there",
                    location, file);
        }
        check(Files.isRegularFile(file), NO_FILE, location);
    }

    /**
     * Whether a link of the hub's cache leads from {@code models--owner--name/snapshots/revision} to
     * {@code models--owner--name/blobs/hash}.
     */
    private static boolean isBlob(Path file, Path root) {
        for (Path folder = root; folder.getNameCount() > 2; folder = folder.getParent()) {
            Path snapshots = folder.getParent();
            Path repository = snapshots.getParent();
            boolean isCache = snapshots.endsWith("snapshots")
                    && repository.getFileName().toString().matches("(models|datasets)--.*");
            if (isCache && file.getParent().equals(repository.resolve("blobs"))) {
                return true;
            }
        }
        return false;
    }
}
