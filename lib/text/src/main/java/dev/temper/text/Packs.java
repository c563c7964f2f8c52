package dev.temper.text;

import static dev.temper.check.Check.check;

import dev.temper.text.DataConfig.Packing;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;
import java.util.TreeMap;

/**
 * Assigns rows to sequences (packing), as a pure function of the rows' lengths in the order of the data.
 *
 * <p>Each piece is a document of its own: positions start at 0, attention does not cross pieces, and the first token of
 * a piece does not count in the loss. A pack may therefore have no token in the loss, as may a piece of a row that
 * {@code wrapped} splits.
 *
 * <p>There may be millions of them: they take 12 bytes per piece and 4 per pack, and objects are created at each
 * access.
 */
public final class Packs extends AbstractList<List<Packs.Piece>> implements RandomAccess {
    private static final int WIDTH = 3;

    /**
     * Tokens {@code [from, to)} of a row.
     *
     * @param row index of the row
     */
    public record Piece(int row, int from, int to) {
        public int length() {
            return to - from;
        }
    }

    private final int[] pieces; // row, from and to of each piece; the pieces of a pack are adjacent
    private final int[] ends; // end of each pack, counted in pieces

    private Packs(int[] pieces, int[] ends) {
        this.pieces = pieces;
        this.ends = ends;
    }

    @Override
    public int size() {
        return ends.length;
    }

    @Override
    public List<Piece> get(int pack) {
        return pieces().subList(pack == 0 ? 0 : ends[pack - 1], ends[pack]);
    }

    /** The pieces of all packs, concatenated. */
    public List<Piece> pieces() {
        return LazyList.of(
                pieces.length / WIDTH, i -> new Piece(pieces[WIDTH * i], pieces[WIDTH * i + 1], pieces[WIDTH * i + 2]));
    }

    /** @param lengths number of tokens of each row; at most {@code maxLength}, except with {@code wrapped} */
    public static Packs of(Packing packing, int[] lengths, int maxLength) {
        return switch (packing) {
            case NONE -> alone(lengths, maxLength);
            case BFD -> bestFitDecreasing(lengths, maxLength);
            case WRAPPED -> wrapped(lengths, maxLength);
        };
    }

    private static Packs alone(int[] lengths, int maxLength) {
        int[] pieces = new int[Math.multiplyExact(WIDTH, lengths.length)];
        int[] ends = new int[lengths.length];
        for (int row = 0; row < lengths.length; row++) {
            put(whole(row, lengths, maxLength), row, pieces);
            ends[row] = row + 1;
        }
        return new Packs(pieces, ends);
    }

    private static void put(Piece piece, int index, int[] pieces) {
        pieces[WIDTH * index] = piece.row();
        pieces[WIDTH * index + 1] = piece.from();
        pieces[WIDTH * index + 2] = piece.to();
    }

    /**
     * Best-fit decreasing: the longest row first, each into the fullest pack with enough room; of equal ones the
     * oldest.
     */
    private static Packs bestFitDecreasing(int[] lengths, int maxLength) {
        int[] order = longestFirst(lengths, maxLength);
        int[] packOf = new int[lengths.length]; // index of the pack, by row
        int packs = 0;
        Rooms rooms = new Rooms(lengths.length);
        for (int row : order) {
            int fit = rooms.smallest(Math.max(1, lengths[row]));
            int room = fit == 0 ? maxLength : fit;
            packOf[row] = fit == 0 ? packs++ : rooms.remove(fit);
            rooms.add(room - lengths[row], packOf[row]);
        }
        int[] next = new int[packs + 1]; // where the next piece of each pack is stored
        for (int row : order) {
            next[packOf[row] + 1]++;
        }
        for (int pack = 0; pack < packs; pack++) {
            next[pack + 1] += next[pack];
        }
        int[] pieces = new int[Math.multiplyExact(WIDTH, lengths.length)];
        for (int row : order) {
            put(whole(row, lengths, maxLength), next[packOf[row]]++, pieces);
        }
        return new Packs(pieces, Arrays.copyOf(next, packs));
    }

    /** Packs by remaining room; packs with equal room form a queue. */
    private static final class Rooms {
        private final TreeMap<Integer, int[]> lines = new TreeMap<>(); // by room: first and last pack of the queue
        private final int[] behind; // the next pack in the queue of each pack

        Rooms(int packs) {
            behind = new int[packs];
        }

        /** The smallest sufficient room; 0: none. */
        int smallest(int tokens) {
            Integer room = lines.ceilingKey(tokens);
            return room == null ? 0 : room;
        }

        void add(int room, int pack) {
            int[] line = lines.computeIfAbsent(room, absent -> new int[] {pack, pack});
            behind[line[1]] = pack;
            line[1] = pack;
        }

        int remove(int room) {
            int[] line = lines.get(room);
            int first = line[0];
            line[0] = behind[first];
            if (first == line[1]) {
                lines.remove(room);
            }
            return first;
        }
    }

    // Counting sort: stable, and linear in the number of rows.
    private static int[] longestFirst(int[] lengths, int maxLength) {
        int[] next = new int[maxLength + 2];
        for (int row = 0; row < lengths.length; row++) {
            next[maxLength - whole(row, lengths, maxLength).length() + 1]++;
        }
        for (int i = 1; i < next.length; i++) {
            next[i] += next[i - 1];
        }
        int[] sorted = new int[lengths.length];
        for (int row = 0; row < lengths.length; row++) {
            sorted[next[maxLength - lengths[row]]++] = row;
        }
        return sorted;
    }

    private static Packs wrapped(int[] lengths, int maxLength) {
        long tokens = Arrays.stream(lengths).asLongStream().sum();
        int[] ends = new int[Math.toIntExact((tokens + maxLength - 1) / maxLength)];
        int[] pieces = new int[Math.multiplyExact(WIDTH, Math.addExact(lengths.length, ends.length))];
        int count = 0;
        int pack = 0;
        int room = maxLength;
        for (int row = 0; row < lengths.length; row++) {
            for (int from = 0; from < lengths[row]; ) {
                int to = Math.min(lengths[row], from + room);
                put(new Piece(row, from, to), count++, pieces);
                ends[pack] = count;
                room -= to - from;
                from = to;
                if (room == 0) {
                    pack++;
                    room = maxLength;
                }
            }
        }
        return new Packs(Arrays.copyOf(pieces, WIDTH * count), ends);
    }

    private static Piece whole(int row, int[] lengths, int maxLength) {
        check(
                lengths[row] <= maxLength,
                "row %d has %d tokens, more than data.max_length %d",
                row,
                lengths[row],
                maxLength);
        return new Piece(row, 0, lengths[row]);
    }
}
