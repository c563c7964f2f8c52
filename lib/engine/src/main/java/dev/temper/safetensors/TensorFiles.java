package dev.temper.safetensors;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.FailedRunException;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Memory-mapped tensors of a folder on this machine's disk: pages are read when touched and shared between processes.
 * So the files must stay as they are while somebody computes with them. Of a file that is cut off the missing pages end
 * the whole process when they are touched.
 */
public final class TensorFiles {
    private final Path folder;
    private final TensorIndex index;
    private final Map<String, ByteBuffer> mapped;
    private final Map<Path, State> opened;

    /** What tells that a file was written to, or that another is in its place. */
    private record State(long bytes, FileTime changed) {
        static State of(Path file) throws IOException {
            return new State(Files.size(file), Files.getLastModifiedTime(file));
        }
    }

    private TensorFiles(Path folder, TensorIndex index, Map<String, ByteBuffer> mapped, Map<Path, State> opened) {
        this.folder = folder;
        this.index = index;
        this.mapped = mapped;
        this.opened = opened;
    }

    /** @param name as in {@link TensorIndex#read} */
    public static TensorFiles open(Path folder, String name) throws IOException {
        TensorIndex index = TensorIndex.read(Folder.local(folder), name);
        Map<Path, State> opened = new TreeMap<>();
        for (TensorInfo tensor : index.tensors().values()) {
            Path file = folder.resolve(tensor.file());
            if (!opened.containsKey(file)) {
                opened.put(file, State.of(file));
            }
        }
        return new TensorFiles(folder, index, Map.of(), opened);
    }

    /**
     * What is wrong where a file is not as it was when it was opened: what was computed with it since cannot be
     * trusted. Looks at sizes and times, and so takes no time. Empty when all are.
     */
    public Optional<String> change() throws IOException {
        for (Map.Entry<Path, State> file : opened.entrySet()) {
            String name = file.getKey().toString();
            if (!Files.exists(file.getKey())) {
                return Optional.of(name + " was deleted or moved while it was in use");
            }
            State now = State.of(file.getKey());
            State then = file.getValue();
            if (!now.equals(then)) {
                return Optional.of("%s was changed while it was in use: it had %d bytes of %s, now %d of %s"
                        .formatted(name, then.bytes(), then.changed(), now.bytes(), now.changed()));
            }
        }
        return Optional.empty();
    }

    /** @throws FailedRunException when {@link #change} finds something */
    public void checkUnchanged() throws IOException {
        Optional<String> change = change();
        if (change.isPresent()) {
            throw new FailedRunException(change.get() + "; put it back and run the same command again");
        }
    }

    /** The same files with all tensors mapped already: the files may be deleted, their pages stay. */
    public TensorFiles mapped() throws IOException {
        Map<String, ByteBuffer> all = new HashMap<>();
        for (String name : index.names()) {
            all.put(name, bytes(name));
        }
        return new TensorFiles(folder, index, all, opened);
    }

    /** The same files under other names; see {@link TensorIndex#renamed}. */
    public TensorFiles renamed(Function<String, Optional<String>> rename) {
        return new TensorFiles(folder, index.renamed(rename), Map.of(), opened);
    }

    public TensorIndex index() {
        return index;
    }

    /** The file that a tensor lies in. */
    public Path path(TensorInfo tensor) {
        return folder.resolve(tensor.file());
    }

    /**
     * The bytes of a tensor, little-endian, read-only, without a copy.
     *
     * @throws dev.temper.check.InvalidInputException when there is no such tensor
     */
    public ByteBuffer bytes(String name) throws IOException {
        ByteBuffer known = mapped.get(name);
        if (known != null) {
            return known.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        }
        TensorInfo tensor = find(name);
        try (FileChannel channel = FileChannel.open(path(tensor), StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, tensor.offset(), tensor.bytes())
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /**
     * Reads the bytes of a tensor into memory of the caller: unlike mapped pages these do not count twice.
     *
     * @param target direct, of the tensor's size
     * @throws dev.temper.check.InvalidInputException when there is no such tensor
     */
    public void read(String name, ByteBuffer target) throws IOException {
        TensorInfo tensor = find(name);
        try (FileChannel channel = FileChannel.open(path(tensor), StandardOpenOption.READ)) {
            long at = tensor.offset();
            while (target.hasRemaining()) {
                int count = channel.read(target, at);
                check(count > 0, "%s is cut off inside the tensor %s", folder.resolve(tensor.file()), name);
                at += count;
            }
        }
    }

    private TensorInfo find(String name) {
        return index.find(name).orElseThrow(() -> invalid("%s holds no tensor %s", folder, name));
    }
}
