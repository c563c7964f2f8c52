package dev.temper.spark.source;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * Compression of a text file, by its extension. A file may consist of several concatenated compressed streams. Input
 * that cannot be decompressed to its last byte is an error, and never mistaken for the end of the file.
 */
public enum Compression {
    NONE(),
    GZIP("gz", "gzip"),
    BZIP2("bz2", "bz"),
    XZ("xz"),
    ZSTD("zst", "zstd");

    private static final int BUFFER = 1 << 16;
    private static final Map<Compression, String> MAGIC =
            Map.of(GZIP, "\u001F\u008B", BZIP2, "BZh", XZ, "\u00FD7zXZ", ZSTD, "(\u00B5/\u00FD");

    @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
    private final List<String> endings;

    Compression(String... endings) {
        this.endings = List.of(endings);
    }

    static Compression of(String name) {
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(compression -> compression.endings.contains(ending))
                .findFirst()
                .orElse(NONE);
    }

    /** The file name without the extension. */
    String uncompressed(String name) {
        return this == NONE ? name : name.substring(0, name.lastIndexOf('.'));
    }

    /** @param source the file's name in messages */
    public InputStream open(InputStream compressed, String source) throws IOException {
        return this == NONE ? compressed : new Whole(this, compressed, source);
    }

    /** Throws if a file that should be text begins with the signature of a compressed format. */
    public static void verifyNotPacked(byte[] beginning, String source) {
        MAGIC.forEach((compression, magic) -> {
            byte[] begins = Arrays.copyOf(beginning, magic.length());
            check(
                    !Arrays.equals(begins, magic.getBytes(StandardCharsets.ISO_8859_1)),
                    "data: %s is compressed with %s, and its name does not say so: rename it to %s.%s",
                    source,
                    compression.name().toLowerCase(Locale.ROOT),
                    source.substring(source.lastIndexOf('/') + 1),
                    compression.endings.get(0));
        });
    }

    private InputStream decompress(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GzipMembers(in);
            case BZIP2 -> new BZip2CompressorInputStream(in, true);
            case XZ -> new XZCompressorInputStream(in, true);
            case ZSTD -> new ZstdFrames(in);
        };
    }

    /** Distinguishes a damaged file from a store that cannot be reached. */
    private static final class Whole extends InputStream {
        private final Raw raw;
        private final Compression compression;
        private final String source;
        private final InputStream in;

        Whole(Compression compression, InputStream compressed, String source) throws IOException {
            this.compression = compression;
            this.source = source;
            this.raw = new Raw(compressed);
            try {
                this.in = compression.decompress(new BufferedInputStream(raw, BUFFER));
            } catch (IOException | RuntimeException e) {
                raw.failed(e);
                throw invalid("data: %s is no %s file: %s", source, name(), e.getMessage());
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                return in.read(target, offset, length);
            } catch (IOException | RuntimeException e) {
                raw.failed(e);
                throw invalid(
                        "data: %s is no whole %s file: %s; make it anew, as nothing of it is read",
                        source, name(), e.getMessage() == null ? "it ends too early" : e.getMessage());
            }
        }

        @Override
        public void close() throws IOException {
            in.close();
        }

        private String name() {
            return compression.name().toLowerCase(Locale.ROOT);
        }
    }

    /** Records failures of the underlying stream. */
    private static final class Raw extends FilterInputStream {
        private IOException failure;

        Raw(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                return super.read(target, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        void failed(Exception seen) throws IOException {
            if (failure != null) {
                throw failure == seen ? failure : new IOException(failure.getMessage(), seen);
            }
        }
    }
}
