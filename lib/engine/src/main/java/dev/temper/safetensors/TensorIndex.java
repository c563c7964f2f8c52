package dev.temper.safetensors;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Printable;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The names, types, shapes and places of all tensors of a folder, from the headers alone: {@code NAME.safetensors}, or
 * the shards that {@code NAME.safetensors.index.json} lists. Reads a few kilobytes, from any store.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class TensorIndex {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MAX_HEADER_BYTES = 64L << 20; // of two million tensors; as a tree it takes ten times that
    /**
     * All types of the format; which of them mean numbers that can be computed with, the reader of a tensor decides.
     */
    private static final Map<String, Integer> BITS_OF_DTYPE = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("I64", 64),
            Map.entry("U64", 64),
            Map.entry("F64", 64),
            Map.entry("C64", 64));

    private final Map<String, TensorInfo> tensors;
    private final Map<String, String> lost; // tensors that an index lists and no file holds, and why

    private TensorIndex(Map<String, TensorInfo> tensors, Map<String, String> lost) {
        this.tensors = tensors;
        this.lost = lost;
    }

    /**
     * Reads the headers.
     *
     * @param name file name without its ending, {@code model} or {@code adapter_model}
     * @throws dev.temper.check.InvalidInputException when a file is missing, cut off or damaged, or only pickles are
     *     there
     */
    public static TensorIndex read(Folder folder, String name) throws IOException {
        String single = name + ".safetensors";
        String index = single + ".index.json";
        Map<String, TensorInfo> tensors = new TreeMap<>();
        if (folder.has(single)) {
            readHeader(folder, single, tensors);
            return new TensorIndex(tensors, Map.of());
        }
        if (!folder.has(index)) {
            throw missing(folder, single);
        }
        Map<String, String> files = weightMap(folder, index);
        for (String file : new TreeSet<>(files.values())) {
            if (folder.has(file)) {
                readHeader(folder, file, tensors);
            }
        }
        return new TensorIndex(tensors, lost(folder, index, files, tensors.keySet()));
    }

    /** An index may be older than its files: what it lists and nobody needs does not matter. */
    private static Map<String, String> lost(Folder folder, String index, Map<String, String> files, Set<String> held)
            throws IOException {
        Map<String, String> lost = new TreeMap<>();
        for (Map.Entry<String, String> entry : files.entrySet()) {
            String file = entry.getValue();
            if (!held.contains(entry.getKey())) {
                lost.put(
                        entry.getKey(),
                        folder.has(file)
                                ? "%s lists the tensor %s in %s, which does not hold it"
                                        .formatted(folder.location(index), entry.getKey(), file)
                                : "%s is missing, though %s lists it".formatted(folder.location(file), index));
            }
        }
        return lost;
    }

    /** @throws dev.temper.check.InvalidInputException when the index of the shards lists a tensor that none holds */
    public void checkNotLost(String name) {
        check(!lost.containsKey(name), "%s", lost.get(name));
    }

    private static RuntimeException missing(Folder folder, String single) throws IOException {
        Optional<String> pickle = folder.list().stream()
                .map(entry -> entry.name())
                .filter(file -> file.endsWith(".bin") || file.endsWith(".pt") || file.endsWith(".pth"))
                .findFirst();
        return pickle.map(file -> invalid(
                        "%s is a pickle, which can run code and is not read; convert the weights to safetensors",
                        folder.location(file)))
                .orElseGet(() -> invalid("%s has no weights: there is no %s", folder.location(), single));
    }

    private static Map<String, String> weightMap(Folder folder, String index) throws IOException {
        String location = folder.location(index);
        Map<String, String> files = new LinkedHashMap<>();
        JsonNode map;
        try {
            map = JSON.readTree(UntrustedFile.text(folder, index)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw invalid(
                    "%s is damaged: it is not JSON (%s)", location, Printable.parserMessage(e.getOriginalMessage()));
        }
        check(map.isObject() && !map.isEmpty(), "%s is damaged: it has no weight_map", location);
        map.fields()
                .forEachRemaining(entry -> files.put(
                        entry.getKey(), UntrustedFile.plainName(entry.getValue().asText(), location)));
        return files;
    }

    private static void readHeader(Folder folder, String file, Map<String, TensorInfo> tensors) throws IOException {
        String location = folder.location(file);
        long size = folder.bytes(file).orElseThrow(() -> invalid("%s is missing", location));
        byte[] header;
        long length;
        try (InputStream in = UntrustedFile.open(folder, file);
                DataInputStream data = new DataInputStream(in)) {
            length = Long.reverseBytes(data.readLong());
            check(
                    length > 0 && length <= MAX_HEADER_BYTES && length <= size - 8,
                    "%s is damaged: its header cannot be %d bytes long",
                    location,
                    length);
            header = data.readNBytes((int) length);
        } catch (EOFException e) {
            throw invalid("%s is cut off: %d bytes are no safetensors file", location, size);
        }
        Map<String, TensorInfo> own = parse(header, location, file, 8 + length);
        tensors.putAll(own); // of a tensor in two shards the last one counts, as in transformers
        long end = 8 + length;
        List<TensorInfo> inFile = own.values().stream()
                .sorted(Comparator.comparingLong(TensorInfo::offset).thenComparing(TensorInfo::bytes))
                .toList();
        for (TensorInfo tensor : inFile) {
            check(
                    tensor.offset() == end,
                    "%s is damaged: its header puts %s at byte %d, the tensors before it end at %d",
                    location,
                    tensor,
                    tensor.offset(),
                    end);
            end += tensor.bytes();
        }
        check(end == size, "%s is cut off or damaged: it has %d bytes, its header says %d", location, size, end);
    }

    private static Map<String, TensorInfo> parse(byte[] header, String location, String file, long start)
            throws IOException {
        Map<String, TensorInfo> tensors = new TreeMap<>();
        JsonNode root;
        try {
            root = JSON.readTree(header);
        } catch (JsonProcessingException e) {
            throw invalid("%s is damaged: its header is not JSON", location);
        }
        check(root != null && root.isObject(), "%s is damaged: its header is not a JSON object", location);
        Iterator<Map.Entry<String, JsonNode>> fields = root.fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            if (!field.getKey().equals("__metadata__")) {
                TensorInfo tensor = tensor(field.getKey(), field.getValue(), file, start);
                Integer bits = BITS_OF_DTYPE.get(tensor.dtype());
                check(
                        bits != null && fits(tensor, bits),
                        "%s is damaged: %s does not fit its %d bytes",
                        location,
                        tensor,
                        tensor.bytes());
                tensors.put(tensor.name(), tensor);
            }
        }
        return tensors;
    }

    private static boolean fits(TensorInfo tensor, int bits) {
        try {
            return Arrays.stream(tensor.shape()).allMatch(side -> side >= 0)
                    && Math.multiplyExact(tensor.bytes(), 8L) == Math.multiplyExact(tensor.elements(), bits);
        } catch (ArithmeticException e) {
            return false; // more elements than a long counts
        }
    }

    private static TensorInfo tensor(String name, JsonNode node, String file, long start) {
        JsonNode sizes = node.path("shape");
        long[] shape = new long[sizes.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = sizes.get(i).asLong(-1);
        }
        long from = node.path("data_offsets").path(0).asLong(-1);
        long to = node.path("data_offsets").path(1).asLong(-2);
        return new TensorInfo(name, node.path("dtype").asText(), shape, file, start + from, to - from);
    }

    /** The same tensors under other names; without those that {@code rename} gives none. */
    public TensorIndex renamed(Function<String, Optional<String>> rename) {
        Map<String, TensorInfo> others = new TreeMap<>();
        Map<String, String> lostOthers = new TreeMap<>();
        tensors.values()
                .forEach(tensor -> rename.apply(tensor.name()).ifPresent(name -> others.put(name, tensor.named(name))));
        lost.forEach((name, reason) -> rename.apply(name).ifPresent(other -> lostOthers.put(other, reason)));
        return new TensorIndex(others, lostOthers);
    }

    /** All tensors by name, sorted. */
    public Map<String, TensorInfo> tensors() {
        return Map.copyOf(tensors);
    }

    public Set<String> names() {
        return Set.copyOf(tensors.keySet());
    }

    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }
}
