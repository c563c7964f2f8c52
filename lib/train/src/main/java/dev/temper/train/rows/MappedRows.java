package dev.temper.train.rows;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.text.TokenRow;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * The rows of a worker in memory-mapped local files instead of on the heap; a {@link TokenRow} is created at each
 * access. The files are unlinked, so they never outlive the process; closing frees their disk space.
 */
public final class MappedRows extends AbstractList<TokenRow> implements RandomAccess, Closeable {
    /** On disk: id, whether it is learned and whether it is of the second text of a pair, in 32 bits. */
    public static final int TOKEN_BYTES = Integer.BYTES;
    /** On disk, of each row beside its tokens: where it begins, and its label; one of several words is at its end. */
    public static final int ROW_BYTES = 3 * Integer.BYTES;

    private static final int WIDTH = ROW_BYTES / Integer.BYTES;
    private static final int SECOND = 1 << 30; // no vocabulary is as large
    private static final int ID = SECOND - 1;
    private static final int[] NO_LABEL = {};

    private final MappedInts tokens;
    private final MappedInts index;
    private final int size;
    private final int words; // of each row's label

    private MappedRows(MappedInts tokens, MappedInts index, int words) {
        this.words = words;
        this.tokens = tokens;
        this.index = index;
        this.size = Math.toIntExact(index.size() / WIDTH);
    }

    /** Size of the files for this number of rows and tokens. */
    public static long bytes(long rows, long tokens) {
        return ROW_BYTES * rows + TOKEN_BYTES * tokens;
    }

    /** Appends rows in their order. */
    public static final class Writer implements Closeable {
        private final Path folder;
        private final MappedInts.Writer tokens;
        private final MappedInts.Writer index;
        private int words = -1;

        /**
         * @param folder created if missing; should be on a disk, not on a file system in memory
         * @param expectedBytes size of all rows
         * @throws dev.temper.check.InvalidInputException when the disk has too little space
         */
        public Writer(Path folder, long expectedBytes) {
            this.folder = folder;
            try {
                if (!Files.isDirectory(folder)) { // createDirectories fails for a link to a folder
                    Files.createDirectories(folder);
                }
                long free = Files.getFileStore(folder).getUsableSpace();
                check(
                        free >= expectedBytes,
                        "cluster.local_dir: %s has %,d bytes free, and the prepared rows of a worker take %,d; name a"
                                + " folder with room for them",
                        folder,
                        free,
                        expectedBytes);
                tokens = new MappedInts.Writer(folder);
                index = new MappedInts.Writer(folder);
            } catch (IOException e) {
                throw unwritable(e);
            }
        }

        /** @param label in as many words for each row; empty where the tokens are learned */
        public void add(TokenRow row, int... label) {
            if (Arrays.stream(row.inputIds()).anyMatch(id -> (id & ~ID) != 0)) {
                throw new IllegalArgumentException("a token's id of more than 30 bits");
            }
            if (words >= 0 && words != label.length) {
                throw new IllegalArgumentException("a label of " + label.length + " words among others of " + words);
            }
            words = label.length;
            try {
                long begin = tokens.size();
                index.add((int) (begin >>> Integer.SIZE));
                index.add((int) begin);
                index.add(words == 1 ? label[0] : 0);
                int[] ids = row.inputIds();
                boolean[] trained = row.trained();
                for (int i = 0; i < ids.length; i++) {
                    int id = i < row.second() ? ids[i] : ids[i] | SECOND;
                    tokens.add(trained[i] ? id | Integer.MIN_VALUE : id);
                }
                for (int i = 0; words > 1 && i < words; i++) {
                    tokens.add(label[i]);
                }
            } catch (IOException e) {
                throw unwritable(e);
            }
        }

        private RuntimeException unwritable(IOException e) {
            return invalid(
                    "cluster.local_dir: the prepared rows cannot be kept in a file of %s: %s; name a folder with room"
                            + " for them",
                    folder, e.getMessage());
        }

        /** All appended rows. Nothing can be appended afterwards. */
        public MappedRows finish() throws IOException {
            return new MappedRows(tokens.finish(), index.finish(), Math.max(0, words));
        }

        @Override
        public void close() {
            tokens.close();
            index.close();
        }
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public TokenRow get(int row) {
        long begin = begin(row);
        int[] ids = tokens.read(begin, length(row));
        boolean[] trained = new boolean[ids.length];
        int second = ids.length;
        for (int i = 0; i < ids.length; i++) {
            trained[i] = ids[i] < 0;
            second = (ids[i] & SECOND) == 0 ? second : Math.min(second, i);
            ids[i] &= ID;
        }
        return new TokenRow(ids, trained, second);
    }

    /** The label of a row, in the words that were added; empty where rows have none. */
    public int[] label(int row) {
        if (words == 1) {
            return new int[] {index.at((long) WIDTH * row + 2)};
        }
        return words == 0 ? NO_LABEL : tokens.read(begin(row) + length(row), words);
    }

    private int length(int row) {
        long end = row + 1 == size ? tokens.size() : begin(row + 1);
        return (int) (end - begin(row)) - (words > 1 ? words : 0);
    }

    private long begin(int row) {
        long at = (long) WIDTH * row;
        return (long) index.at(at) << Integer.SIZE | Integer.toUnsignedLong(index.at(at + 1));
    }

    /** Size of the files in bytes, which is also how much of the process's memory is mapped to them. */
    public long bytes() {
        return Integer.BYTES * (tokens.size() + index.size());
    }

    /** Frees the files. Rows must not be accessed afterwards. */
    @Override
    public void close() {
        tokens.close();
        index.close();
    }
}
