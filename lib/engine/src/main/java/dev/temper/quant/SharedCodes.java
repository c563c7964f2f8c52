package dev.temper.quant;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.InvalidInputException;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Quantized tensors on this machine's disk: the first worker writes them, every worker maps them, so that a machine
 * holds them once, and in pages that it can drop.
 *
 * <p>They are found by what they were made from: the bytes of the weights, the settings, and which weights they are. To
 * read all bytes again is spared where the base's files are the same by path, size, inode and times of change, of which
 * nobody can set the last. They are checked against a checksum before they are mapped, and made anew if they are
 * damaged.
 */
public final class SharedCodes {
    private static final String FORMAT = "temper-nf4-1"; // another whenever the same input gives other bytes
    private static final String WEIGHTS = "model";
    private static final String MANIFEST = "MANIFEST.json";
    private static final String CODES = "codes-";
    private static final String PART = "part-";
    private static final int BLOCK = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Path> REMOVED_AT_END = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final boolean isTemporary;
    private final Consumer<String> warnings;

    private SharedCodes(Path folder, boolean isTemporary, Consumer<String> warnings) {
        this.folder = folder;
        this.isTemporary = isTemporary;
        this.warnings = warnings;
    }

    /**
     * In a folder where they stay for the next run.
     *
     * @param warnings gets a sentence when they cannot be written there
     */
    public static SharedCodes kept(Path parent, Consumer<String> warnings) {
        return new SharedCodes(parent.resolve("temper-nf4"), false, warnings);
    }

    /** In the temporary folder, in a place of this user alone, until the process ends. */
    public static SharedCodes temporary(Consumer<String> warnings) {
        String user = System.getProperty("user.name", "").replaceAll("[^\\w.-]", "_");
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        return new SharedCodes(parent.resolve("temper-nf4-" + user), true, warnings);
    }

    /**
     * A tensor to quantize.
     *
     * @param name in the files
     * @param isTransposed it is stored (I, O)
     */
    public record Matrix(String name, boolean isTransposed) {
        /** Its values in the files. */
        Weights weights(TensorFiles files) throws IOException {
            Weights weights = Weights.of(files, name);
            return isTransposed ? weights.transposed() : weights;
        }
    }

    /** What is quantized, and how. */
    public record Source(Quantization quantization, TensorFiles files, List<Matrix> matrices) {
        public Source {
            matrices = List.copyOf(matrices);
        }
    }

    /**
     * The tensors, as transformers saves them; quantized now if no worker of this machine has done it. Empty when the
     * folder cannot be used, which the warnings say.
     *
     * @throws InvalidInputException naming the tensor, when one holds NaN or infinity
     */
    public Optional<TensorFiles> open(Source source) {
        try (FolderLock lock = FolderLock.acquire(folder)) {
            if (isTemporary) {
                checkOwner();
                removeAtEnd();
            }
            for (Path file : lock.files()) {
                if (file.getFileName().toString().startsWith(PART)) {
                    FolderLock.deleteAll(file); // of a process that was killed: nobody else is here
                }
            }
            return Optional.of(findOrMake(source, lock.files()));
        } catch (IOException e) {
            warnings.accept("the quantized base cannot be kept in %s, so every worker holds it in memory of its own: %s"
                    .formatted(folder, e));
            return Optional.empty();
        }
    }

    /** The temporary folder is everybody's: nobody else may put weights there for us. */
    private void checkOwner() throws IOException {
        Path probe = Files.createTempFile(folder, PART, "");
        boolean isOurs = Files.getOwner(folder).equals(Files.getOwner(probe));
        Files.delete(probe);
        if (!isOurs || Files.isSymbolicLink(folder)) {
            throw new IOException("it is another user's");
        }
        folder.toFile().setWritable(false, false);
        folder.toFile().setWritable(true, true);
    }

    private void removeAtEnd() {
        if (REMOVED_AT_END.add(folder)) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    FolderLock.delete(folder);
                } catch (IOException e) {
                    warnings.accept("%s cannot be deleted: %s".formatted(folder, e));
                }
            }));
        }
    }

    private TensorFiles findOrMake(Source source, List<Path> there) throws IOException {
        String stamp = stamp(source);
        for (Path made : there) {
            if (!stamp.isEmpty() && text(made, "stamp").equals(stamp)) {
                Optional<TensorFiles> found = read(made);
                if (found.isPresent()) {
                    return found.get();
                }
            }
        }
        Path made = folder.resolve(CODES + key(source));
        Optional<TensorFiles> found = read(made);
        if (found.isPresent()) {
            return found.get();
        }
        FolderLock.deleteAll(made);
        make(source, stamp, made);
        return read(made).orElseThrow(() -> new IOException("what was written to " + made + " is damaged"));
    }

    private void make(Source source, String stamp, Path target) throws IOException {
        Path part = Files.createTempDirectory(folder, PART);
        try {
            Nf4Writer.write(Folder.local(part), WEIGHTS, source);
            String json = JSON.createObjectNode()
                    .put("format", FORMAT)
                    .put("stamp", stamp)
                    .put("crc32c", checksum(part))
                    .toString();
            Files.writeString(part.resolve(MANIFEST), json);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            FolderLock.deleteAll(part);
        }
    }

    /** A folder's tensors, mapped; empty when there are none, or not those that were written. */
    private static Optional<TensorFiles> read(Path made) throws IOException {
        try {
            if (!text(made, "format").equals(FORMAT) || !text(made, "crc32c").equals(checksum(made))) {
                return Optional.empty();
            }
            return Optional.of(TensorFiles.open(made, WEIGHTS).mapped());
        } catch (InvalidInputException e) {
            return Optional.empty();
        }
    }

    private static String text(Path made, String field) throws IOException {
        Path file = made.resolve(MANIFEST);
        if (!Files.isRegularFile(file)) {
            return "";
        }
        try {
            JsonNode manifest = JSON.readTree(Files.readAllBytes(file));
            return manifest.path(field).asText();
        } catch (JsonProcessingException e) {
            return "";
        }
    }

    private static String checksum(Path made) throws IOException {
        Path file = made.resolve(WEIGHTS + ".safetensors");
        if (!Files.isRegularFile(file)) {
            return "none";
        }
        CRC32C sum = new CRC32C();
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(block.clear()) >= 0) {
                sum.update(block.flip());
            }
        }
        return Long.toHexString(sum.getValue());
    }

    /** Of the files' identity; empty where the file system does not tell when a file was changed. */
    private static String stamp(Source source) throws IOException {
        StringBuilder text = new StringBuilder(description(source));
        TreeSet<Path> files = new TreeSet<>();
        for (Matrix matrix : source.matrices()) {
            files.add(source.files().path(tensor(source, matrix)).toRealPath());
        }
        for (Path file : files) {
            try {
                Map<String, Object> state = Files.readAttributes(file, "unix:ino,dev,size,lastModifiedTime,ctime");
                text.append(file).append(new TreeMap<>(state)).append('\n');
            } catch (UnsupportedOperationException | IllegalArgumentException e) {
                return "";
            }
        }
        return Hashes.sha256(text.toString());
    }

    /** Of all bytes that are quantized. */
    private static String key(Source source) throws IOException {
        try {
            List<String> hashes = source.matrices().parallelStream()
                    .map(matrix -> hash(source.files(), matrix.name()))
                    .toList();
            return Hashes.sha256(description(source) + hashes);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static String hash(TensorFiles files, String name) {
        try {
            MessageDigest digest = Hashes.sha256();
            digest.update(files.bytes(name));
            return Hashes.hex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String description(Source source) {
        List<String> lines =
                new ArrayList<>(List.of(FORMAT, source.quantization().toString()));
        for (Matrix matrix : source.matrices()) {
            TensorInfo tensor = tensor(source, matrix);
            lines.add("%s %s %s".formatted(matrix, tensor.dtype(), Arrays.toString(tensor.shape())));
        }
        return String.join("\n", lines) + "\n";
    }

    private static TensorInfo tensor(Source source, Matrix matrix) {
        return source.files().index().find(matrix.name()).orElseThrow();
    }
}
