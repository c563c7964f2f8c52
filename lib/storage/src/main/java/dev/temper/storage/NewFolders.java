package dev.temper.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The folders that will be created by writing into a folder: it and its missing parents. Object stores have no folders,
 * but Hadoop creates marker objects for empty ones when their last file is deleted.
 *
 * @param missing locations of these folders, the innermost first
 */
public record NewFolders(Store store, List<String> missing) {
    /** The root of a local disk, a bucket or a file system. */
    private static final Pattern ROOT = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*:)?(/*|//[^/]*)");

    public NewFolders {
        missing = List.copyOf(missing);
    }

    /** The folders that are missing at this moment. */
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

    /** Deletes those that are empty. */
    public void deleteEmpty() throws IOException {
        for (String folder : missing) {
            store.deleteEmpty(folder);
        }
    }
}
