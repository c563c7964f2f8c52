package dev.temper.spark.source;

import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Hashes;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The result of one pass over the bytes of all files: a hash of each file, and line ends in large JSON files, so that
 * several tasks can read one.
 *
 * @param chunks of each file in order, by the file's index
 */
public record FileChunks(Map<Integer, List<Chunk>> chunks) {
    private static final long BYTES = 64L << 20;
    private static final int BUFFER = 1 << 16;
    // byte order marks and blanks
    private static final String BYTES_BEFORE_TEXT = "\u00EF\u00BB\u00BF\u00FE\u00FF\0 \t\r\n";

    /**
     * A chunk of fixed size of a file.
     *
     * @param lines number of line ends in it
     * @param firstEnd offset of the first line end in the file; -1: none
     * @param isList whether the first character of the file is a bracket
     */
    record Chunk(InputFile file, long from, String sha256, long lines, long firstEnd, boolean isList)
            implements Serializable {}

    private record Range(InputFile file, long from, long bytes) implements Serializable {}

    /** Without reading anything: each file is one slice, and hashes are unknown. For reading a few rows. */
    public static FileChunks unread(Sources sources) {
        return new FileChunks(sources.files().stream()
                .collect(Collectors.toMap(InputFile::index, file -> List.of(new Chunk(file, 0, "", 0, -1, false)))));
    }

    /** Reads all files, in one Spark job. */
    public static FileChunks read(SparkSession spark, Sources sources) {
        return read(spark, sources, BYTES);
    }

    public static FileChunks read(SparkSession spark, Sources sources, long bytes) {
        HadoopStore store = HadoopStore.of(spark);
        List<Range> ranges = new ArrayList<>();
        Map<Integer, List<Chunk>> known = new TreeMap<>();
        for (InputFile file : sources.files()) {
            String sha256 = file.file().sha256();
            if (!sha256.isEmpty()) {
                known.put(file.index(), List.of(new Chunk(file, 0, sha256, 0, -1, false)));
                continue;
            }
            for (long from = 0; from == 0 || from < file.file().bytes(); from += bytes) {
                ranges.add(new Range(file, from, bytes));
            }
        }
        if (ranges.isEmpty()) {
            return new FileChunks(known);
        }
        List<Chunk> chunks = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(ranges, Math.min(ranges.size(), sources.partitions(spark)))
                .map(range -> read(store, range))
                .collect();
        known.putAll(chunks.stream()
                .collect(Collectors.groupingBy(chunk -> chunk.file().index())));
        return new FileChunks(known);
    }

    /** Hash of a file's bytes. */
    public String sha256(InputFile file) {
        return Hashes.sha256(of(file).stream().map(Chunk::sha256).collect(Collectors.joining()));
    }

    /**
     * Hash of a file, as {@code sha256sum} prints it; for a file of several chunks, the hash of the concatenated
     * hexadecimal hashes of its chunks.
     */
    public FileHash hash(InputFile file) {
        List<Chunk> parts = of(file);
        return parts.size() == 1 ? new FileHash(parts.get(0).sha256(), false) : new FileHash(sha256(file), true);
    }

    /** Slices of all text files, for tasks to read, in order. */
    public List<FileSlice> slices(Sources sources, Charset charset) {
        List<FileSlice> slices = new ArrayList<>();
        for (InputFile file : sources.files()) {
            List<Chunk> parts = of(file);
            boolean isSplit = file.kind() == FileKind.JSON
                    && file.compression() == Compression.NONE
                    && parts.size() > 1
                    && !parts.get(0).isList()
                    && isSearchable(charset);
            if (isSplit) {
                slices.addAll(linesOf(file, parts));
            } else if (file.kind() != FileKind.PARQUET) {
                slices.add(FileSlice.whole(file));
            }
        }
        return slices;
    }

    // A slice begins after the first line end of its chunk; the task of the previous chunk reads up to there.
    private static List<FileSlice> linesOf(InputFile file, List<Chunk> parts) {
        List<FileSlice> slices = new ArrayList<>();
        long from = 0;
        long firstLine = 1;
        long lines = parts.get(0).lines();
        for (Chunk part : parts.subList(1, parts.size())) {
            if (part.firstEnd() >= 0) {
                slices.add(new FileSlice(file, from, part.firstEnd() + 1, firstLine));
                from = part.firstEnd() + 1;
                firstLine = lines + 2;
            }
            lines += part.lines();
        }
        slices.add(new FileSlice(file, from, file.file().bytes(), firstLine));
        return slices;
    }

    private List<Chunk> of(InputFile file) {
        return chunks.get(file.index());
    }

    // In these encodings byte 10 is always a line end.
    private static boolean isSearchable(Charset charset) {
        return charset.equals(StandardCharsets.UTF_8)
                || (charset.canEncode()
                        && charset.newEncoder().maxBytesPerChar() == 1
                        && Arrays.equals("\n".getBytes(charset), new byte[] {'\n'}));
    }

    private static Chunk read(HadoopStore store, Range range) throws IOException {
        MessageDigest digest = Hashes.sha256();
        byte[] buffer = new byte[BUFFER];
        long left = range.bytes();
        long lines = 0;
        long firstEnd = -1;
        boolean isList = false;
        try (InputStream in = store.read(range.file().location(), range.from())) {
            while (left > 0) {
                int count = in.read(buffer, 0, (int) Math.min(left, BUFFER));
                if (count < 0) {
                    break;
                }
                isList |= left == range.bytes() && isList(buffer, count);
                int end = firstEnd(buffer, count);
                firstEnd = firstEnd < 0 && end >= 0 ? range.from() + (range.bytes() - left) + end : firstEnd;
                lines += lines(buffer, count);
                digest.update(buffer, 0, count);
                left -= count;
            }
        }
        return new Chunk(range.file(), range.from(), Hashes.hex(digest.digest()), lines, firstEnd, isList);
    }

    private static int firstEnd(byte[] buffer, int count) {
        int i = 0;
        while (i < count && buffer[i] != '\n') {
            i++;
        }
        return i < count ? i : -1;
    }

    private static int lines(byte[] buffer, int count) {
        int lines = 0;
        for (int i = 0; i < count; i++) {
            lines += buffer[i] == '\n' ? 1 : 0;
        }
        return lines;
    }

    private static boolean isList(byte[] buffer, int count) {
        int i = 0;
        while (i < count && BYTES_BEFORE_TEXT.indexOf(buffer[i] & 0xFF) >= 0) {
            i++;
        }
        return i < count && buffer[i] == '[';
    }
}
