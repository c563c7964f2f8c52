package dev.temper.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;
import org.apache.commons.compress.compressors.zstandard.ZstdCompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CompressionTest {
    private static final byte[] FIRST = text(7);
    private static final byte[] SECOND = text(8);

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void partsBehindEachOtherAreReadAll(Compression compression) throws IOException {
        byte[] both = joined(packed(compression, FIRST), packed(compression, new byte[0]), packed(compression, SECOND));
        assertThat(unpacked(compression, both)).isEqualTo(joined(FIRST, SECOND));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1 << 16, 1 << 17, (1 << 17) + 1, 1 << 18})
    void frameAndBufferMayEndTogether(int length) throws IOException {
        for (Compression compression : Compression.values()) {
            byte[] text = new byte[length];
            byte[] both = joined(packed(compression, text), packed(compression, text));
            assertThat(unpacked(compression, both)).hasSize(2 * length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 100_000})
    void zerosBetweenGzipFilesAndBehindThemAreNothing(int count) throws IOException {
        byte[] zeros = new byte[count];
        byte[] both = joined(packed(Compression.GZIP, FIRST), zeros, packed(Compression.GZIP, SECOND), zeros);
        assertThat(unpacked(Compression.GZIP, both)).isEqualTo(joined(FIRST, SECOND));
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void aDamagedLaterPartIsNeverTheEnd(Compression compression) throws IOException {
        byte[] first = packed(compression, FIRST);
        byte[] second = packed(compression, SECOND);
        String mistake = "data: x is no whole " + compression.name().toLowerCase(java.util.Locale.ROOT) + " file: ";
        for (int at : new int[] {0, 1, second.length / 2}) {
            byte[] damaged = second.clone();
            Arrays.fill(damaged, at, at + 9, (byte) 0x5A);
            assertMistake(compression, joined(first, damaged), mistake);
        }
        for (int length : new int[] {3, second.length / 2, second.length - 1}) {
            assertMistake(compression, joined(first, Arrays.copyOf(second, length)), mistake);
        }
        assertMistake(compression, joined(first, "more".getBytes(StandardCharsets.UTF_8)), mistake);
        assertMistake(compression, "more".getBytes(StandardCharsets.UTF_8), "data: x is no ");
    }

    @Test
    void aWrongChecksumOrLengthIsDamage() throws IOException {
        byte[] zipped = packed(Compression.GZIP, FIRST);
        for (int behind : new int[] {1, 4, 5, 8}) {
            byte[] damaged = zipped.clone();
            damaged[damaged.length - behind] ^= 1;
            assertMistake(Compression.GZIP, damaged, "data: x is no whole gzip file: Gzip-compressed data is corrupt");
        }
    }

    @Test
    void aFileThatCannotBeReachedIsNoDamagedOne() throws IOException {
        InputStream broken = new FilterInputStream(new ByteArrayInputStream(packed(Compression.GZIP, FIRST))) {
            private int reads;

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                if (reads++ > 1) {
                    throw new IOException("connection reset");
                }
                return super.read(target, offset, Math.min(length, 1000));
            }
        };
        assertThatThrownBy(() -> Compression.GZIP.open(broken, "x").readAllBytes())
                .isInstanceOf(IOException.class)
                .hasMessage("connection reset");
    }

    @Test
    void aCompressedFileWithoutItsEndingIsNamed() throws IOException {
        for (Compression compression : Compression.values()) {
            byte[] bytes = packed(compression, FIRST);
            if (compression == Compression.NONE) {
                Compression.verifyNotPacked(bytes, "a/x.csv");
            } else {
                assertThatThrownBy(() -> Compression.verifyNotPacked(bytes, "a/x.csv"))
                        .hasMessageStartingWith("data: a/x.csv is compressed with "
                                + compression.name().toLowerCase(java.util.Locale.ROOT))
                        .hasMessageContaining("rename it to x.csv.");
            }
        }
    }

    private static void assertMistake(Compression compression, byte[] bytes, String message) {
        assertThatThrownBy(() -> unpacked(compression, bytes))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message);
    }

    private static byte[] unpacked(Compression compression, byte[] bytes) throws IOException {
        try (InputStream in = compression.open(new ByteArrayInputStream(bytes), "x")) {
            return in.readAllBytes();
        }
    }

    private static byte[] packed(Compression compression, byte[] text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out =
                switch (compression) {
                    case NONE -> bytes;
                    case GZIP -> new GZIPOutputStream(bytes);
                    case BZIP2 -> new BZip2CompressorOutputStream(bytes);
                    case XZ -> new XZCompressorOutputStream(bytes);
                    case ZSTD -> new ZstdCompressorOutputStream(bytes, 3, true, true);
                }) {
            out.write(text);
        }
        return bytes.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] text(long seed) {
        byte[] bytes = new byte[200_000];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
