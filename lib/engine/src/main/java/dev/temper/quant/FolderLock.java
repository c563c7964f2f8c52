package dev.temper.quant;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * One thread of all processes of this machine works in a folder. A folder in which nothing is left goes with its lock.
 */
final class FolderLock implements AutoCloseable {
    private static final ReentrantLock THREADS = new ReentrantLock(); // a file's lock is held by a process as a whole
    private static final String FILE = "lock";
    private static final int LONGEST = 1 << 20;

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /** Waits for it; makes the folder. */
    static FolderLock acquire(Path folder) throws IOException {
        THREADS.lock();
        try {
            FileChannel channel = null;
            while (channel == null) {
                Files.createDirectories(folder);
                channel = tryOpening(folder);
            }
            return new FolderLock(folder, channel);
        } catch (IOException | RuntimeException | Error e) {
            THREADS.unlock();
            throw e;
        }
    }

    /** The locked file; null when the folder or the file went with the owner before. */
    private static FileChannel tryOpening(Path folder) throws IOException {
        FileChannel channel = null;
        boolean isLocked = false;
        try {
            channel = open(folder);
            channel.lock(); // released with the channel
            isLocked = isOwner(folder, channel);
            return isLocked ? channel : null;
        } catch (NoSuchFileException e) {
            return null;
        } finally {
            if (channel != null && !isLocked) {
                channel.close();
            }
        }
    }

    private static FileChannel open(Path folder) throws IOException {
        return FileChannel.open(
                folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /**
     * Whether the locked file is still the one in the folder: the owner before may have deleted it. By its size for a
     * moment; to open it a second time would give the lock away.
     */
    private static boolean isOwner(Path folder, FileChannel channel) throws IOException {
        int size = ThreadLocalRandom.current().nextInt(1, LONGEST);
        channel.write(ByteBuffer.allocate(1), size - 1L);
        Path file = folder.resolve(FILE);
        boolean isOwner = Files.exists(file) && Files.size(file) == size;
        channel.truncate(0);
        return isOwner;
    }

    /** Deletes a folder with all in it, unless another process works there: then that one uses it. */
    static void delete(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (FileChannel channel = open(folder)) {
            if (isFree(folder, channel)) {
                deleteAll(folder);
            }
        } catch (NoSuchFileException | DirectoryNotEmptyException e) {
            return; // another process has just deleted it, or begun to use it
        }
    }

    private static boolean isFree(Path folder, FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null && isOwner(folder, channel);
        } catch (OverlappingFileLockException e) {
            return true; // this process has it, and ends
        }
    }

    /** Deletes a file or a folder with all in it. */
    static void deleteAll(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            for (Path file : list(path)) {
                deleteAll(file);
            }
        }
        Files.deleteIfExists(path);
    }

    /** What lies in the folder. */
    List<Path> files() throws IOException {
        return list(folder);
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            if (Files.isDirectory(folder) && files().equals(List.of(folder.resolve(FILE)))) {
                deleteAll(folder);
            }
        } catch (DirectoryNotEmptyException e) {
            return; // somebody put something there meanwhile
        } finally {
            THREADS.unlock();
        }
    }
}
