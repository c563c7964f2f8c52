package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The local disk. A location is a path or a {@code file:} URI. */
public final class LocalStore implements Store {
    @Override
    public InputStream read(String location) throws IOException {
        return Files.newInputStream(path(location));
    }

    @Override
    public OutputStream write(String location) throws IOException {
        Path path = path(location);
        if (path.getParent() != null) {
            Files.createDirectories(path.getParent());
        }
        return WholeFile.write(path);
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        Path path = path(folder);
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> !WholeFile.isHidden(file))
                    .map(LocalStore::entry)
                    .sorted(Comparator.comparing(Entry::name))
                    .toList();
        }
    }

    @Override
    public Optional<Entry> find(String location) {
        Path path = path(location);
        return Files.exists(path) ? Optional.of(entry(path)) : Optional.empty();
    }

    @Override
    public void delete(String location) throws IOException {
        Path path = path(location);
        if (!Files.exists(path)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(path)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }

    @Override
    public void deleteEmpty(String folder) throws IOException {
        try {
            Files.deleteIfExists(path(folder));
        } catch (DirectoryNotEmptyException e) {
            return; // another process may be writing there again
        }
    }

    @Override
    public Optional<Path> localPath(String location) {
        return Optional.of(path(location));
    }

    // Like Hadoop's, these URIs are not percent-encoded: a name may contain a space.
    private static Path path(String location) {
        return Path.of(location.replaceFirst("^file:(//[^/]*)?", ""));
    }

    private static Entry entry(Path path) {
        boolean isFolder = Files.isDirectory(path);
        return new Entry(
                String.valueOf(path.getFileName()),
                isFolder,
                isFolder ? 0 : path.toFile().length());
    }
}
