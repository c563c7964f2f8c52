package dev.temper.safetensors;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Memory-mapped tensors of a folder on this machine's disk: pages are read when touched and shared between processes.
 */
public final class TensorFiles {
    private final Path folder;
    private final TensorIndex index;
    private final Map<String, ByteBuffer> mapped;

    private TensorFiles(Path folder, TensorIndex index, Map<String, ByteBuffer> mapped) {
        this.folder = folder;
        this.index = index;
        this.mapped = mapped;
    }

    /** @param name as in {@link TensorIndex#read} */
    public static TensorFiles open(Path folder, String name) throws IOException {
        return new TensorFiles(folder, TensorIndex.read(Folder.local(folder), name), Map.of());
    }

    /** The same files with all tensors mapped already: the files may be deleted, their pages stay. */
    public TensorFiles mapped() throws IOException {
        Map<String, ByteBuffer> all = new HashMap<>();
        for (String name : index.names()) {
            all.put(name, bytes(name));
        }
        return new TensorFiles(folder, index, all);
    }

    /** The same files under other names; see {@link TensorIndex#renamed}. */
    public TensorFiles renamed(Function<String, Optional<String>> rename) {
        return new TensorFiles(folder, index.renamed(rename), Map.of());
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
