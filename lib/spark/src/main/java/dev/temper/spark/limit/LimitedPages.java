package dev.temper.spark.limit;

import static dev.temper.check.Check.check;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/**
 * Decompresses pages of a Parquet file, with a limit on their size. The header of a page of ten kilobytes may claim
 * gigabytes, which would be allocated before the first byte is decompressed.
 */
public record LimitedPages(CompressionCodecFactory codecs, String source) implements CompressionCodecFactory {
    /** Writers make pages of about a megabyte; larger ones only hold a single larger value. */
    public static final int MAX_BYTES = 256 << 20;

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName name) {
        return codecs.getCompressor(name);
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
        BytesInputDecompressor pages = codecs.getDecompressor(name);
        return new BytesInputDecompressor() {
            @Override
            public BytesInput decompress(BytesInput page, int size) throws IOException {
                verify(size);
                return pages.decompress(page, size);
            }

            @Override
            public void decompress(ByteBuffer page, int compressedSize, ByteBuffer target, int size)
                    throws IOException {
                verify(size);
                pages.decompress(page, compressedSize, target, size);
            }

            @Override
            public void release() {
                pages.release();
            }
        };
    }

    private void verify(int size) {
        check(
                size >= 0 && size <= MAX_BYTES,
                "data: %s has a page of %,d bytes, of which at most %,d are read: write it with smaller pages, or leave"
                        + " out the values that are so large",
                source,
                Integer.toUnsignedLong(size),
                MAX_BYTES);
    }

    @Override
    public void release() {
        codecs.release();
    }
}
