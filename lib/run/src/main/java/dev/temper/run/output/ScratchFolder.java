package dev.temper.run.output;

import dev.temper.storage.Folder;
import dev.temper.storage.NewFolders;
import java.io.IOException;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * A folder that goes with the command that needs it, and those above it that were made for it: when it is closed, or at
 * the end of a process whose command does not come to that, or was interrupted while it deleted.
 */
public final class ScratchFolder implements AutoCloseable {
    private static final int AFTER_SPARK = 20; // as OwnFolder: nobody writes any more, and file systems are open

    private final Folder folder;
    private final NewFolders made;
    private final Runnable onExit = this::deleteQuietly;

    private ScratchFolder(Folder folder) throws IOException {
        this.folder = folder;
        this.made = NewFolders.of(folder);
    }

    /** @param folder that nobody else knows; need not be there */
    public static ScratchFolder of(Folder folder) throws IOException {
        ScratchFolder scratch = new ScratchFolder(folder);
        ShutdownHookManager.get().addShutdownHook(scratch.onExit, AFTER_SPARK);
        return scratch;
    }

    public Folder folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        delete();
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(onExit);
        }
    }

    private void delete() throws IOException {
        folder.store().delete(folder.location());
        made.deleteEmpty();
    }

    private void deleteQuietly() {
        try {
            delete();
        } catch (IOException | RuntimeException e) {
            return; // the process ends, and its store is away
        }
    }
}
