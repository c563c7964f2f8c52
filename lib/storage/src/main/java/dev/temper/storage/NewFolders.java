package dev.temper.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What writing into a folder makes, as it is not there yet: the folder, and on this machine's disk those above it.
 *
 * @param first the uppermost on this machine's disk; empty when it is there, or the folder is elsewhere
 */
record NewFolders(Folder folder, boolean isNew, Optional<Path> first) {
    static NewFolders of(Folder folder) throws IOException {
        boolean isNew = folder.store().find(folder.location()).isEmpty();
        return new NewFolders(folder, isNew, isNew ? path(folder).map(NewFolders::firstMissing) : Optional.empty());
    }

    private static Optional<Path> path(Folder folder) {
        return folder.store().localPath(folder.location()).map(Path::toAbsolutePath);
    }

    private static Path firstMissing(Path path) {
        Path missing = path;
        while (missing.getParent() != null && Files.notExists(missing.getParent())) {
            missing = missing.getParent();
        }
        return missing;
    }

    /** Deletes those in which nothing is. */
    void deleteEmpty() throws IOException {
        if (isNew) {
            folder.store().deleteEmpty(folder.location());
        }
        if (first.isPresent()) {
            Path path = path(folder).orElseThrow();
            while (Files.notExists(path) && !path.equals(first.get())) {
                path = path.getParent();
                new LocalStore().deleteEmpty(path.toString());
            }
        }
    }
}
