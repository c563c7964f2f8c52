package dev.temper.train.rows;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;

/** A large array of ints in an unlinked memory-mapped file. It uses several mappings, as Java limits each to 2 GiB. */
final class MappedInts implements Closeable {
    private static final int SHIFT = 28; // one GiB per mapping
    private static final int PIECE = 1 << SHIFT;
    private static final int BUFFER = 1 << 16;

    private final RandomAccessFile file;
    private final IntBuffer[] pieces;
    private final long size;

    private MappedInts(RandomAccessFile file, long size) throws IOException {
        this.file = file;
        this.size = size;
        this.pieces = new IntBuffer[(int) ((size + PIECE - 1) >>> SHIFT)];
        for (int i = 0; i < pieces.length; i++) {
            long from = (long) i << SHIFT;
            long bytes = Integer.BYTES * Math.min(PIECE, size - from);
            pieces[i] = file.getChannel()
                    .map(MapMode.READ_ONLY, Integer.BYTES * from, bytes)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
        }
    }

    /** Appends numbers to the file. */
    static final class Writer implements Closeable {
        private final RandomAccessFile file;
        private final ByteBuffer buffer =
                ByteBuffer.allocate(Integer.BYTES * BUFFER).order(ByteOrder.nativeOrder());
        private long size;
        private boolean isFinished;

        /** Creates the file in this folder and unlinks it before anything is written. */
        Writer(Path folder) throws IOException {
            Path path = Files.createTempFile(folder, "temper-", ".rows");
            try {
                file = new RandomAccessFile(path.toFile(), "rw");
            } finally {
                delete(path);
            }
        }

        private static void delete(Path path) {
            try {
                Files.delete(path);
            } catch (IOException e) {
                path.toFile().deleteOnExit(); // for systems that cannot delete open files
            }
        }

        public void add(int number) throws IOException {
            if (!buffer.hasRemaining()) {
                flush();
            }
            buffer.putInt(number);
            size++;
        }

        private void flush() throws IOException {
            file.write(buffer.array(), 0, buffer.position());
            buffer.clear();
        }

        long size() {
            return size;
        }

        MappedInts finish() throws IOException {
            flush();
            MappedInts ints = new MappedInts(file, size);
            isFinished = true;
            return ints;
        }

        @Override
        public void close() {
            if (!isFinished) {
                free(file);
            }
        }
    }

    long size() {
        return size;
    }

    int at(long index) {
        return pieces[(int) (index >>> SHIFT)].get((int) (index & (PIECE - 1)));
    }

    int[] read(long from, int count) {
        int[] numbers = new int[count];
        int read = 0;
        while (read < count) {
            IntBuffer piece = pieces[(int) ((from + read) >>> SHIFT)];
            int at = (int) ((from + read) & (PIECE - 1));
            int some = Math.min(count - read, piece.limit() - at);
            piece.get(at, numbers, read, some);
            read += some;
        }
        return numbers;
    }

    @Override
    public void close() {
        free(file);
    }

    /** Truncates the file: Java unmaps it at some later time, and until then it would occupy the disk. */
    private static void free(RandomAccessFile file) {
        try (file) {
            file.setLength(0);
        } catch (IOException e) {
            // the channel was closed by an interrupt: the disk is freed when the file is unmapped
        }
    }
}
