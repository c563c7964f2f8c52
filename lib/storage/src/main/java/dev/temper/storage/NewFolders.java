package dev.temper.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What writing into a folder makes, as it is not there yet: the folder and those above it. Object stores have no
 * folders, but what stands for an empty one: Hadoop leaves it when the last file below is deleted.
 *
 * @param missing locations, the folder's own first
 */
public record NewFolders(Store store, List<String> missing) {
    /** A disk, a bucket, a file system. */
    private static final Pattern ROOT = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*:)?(/*|//[^/]*)");

    public NewFolders {
        missing = List.copyOf(missing);
    }

    /** Those that are missing now. */
    public static NewFolders of(Folder folder) throws IOException {
        List<String> missing = new ArrayList<>();
        String location = folder.location();
        while (!ROOT.matcher(location).matches()
                && folder.store().find(location).isEmpty()) {
            missing.add(location);
            location = location.substring(0, Math.max(0, location.lastIndexOf('/')));
        }
        return new NewFolders(folder.store(), missing);
    }

    /** Deletes those in which nothing is. */
    public void deleteEmpty() throws IOException {
        for (String folder : missing) {
            store.deleteEmpty(folder);
        }
    }
}
