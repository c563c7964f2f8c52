package dev.temper.text;

import static dev.temper.check.Check.check;

import dev.temper.text.DataConfig.Packing;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which rows share a sequence: pure functions of the rows' lengths, in the order of the data.
 *
 * <p>Each piece is a document of its own: positions start again, no piece sees another, and the first token of a piece
 * is never learned. So a pack may hold no learned token at all, as may a piece of a row that {@code wrapped} cuts.
 */
public final class Packs {
    /**
     * Tokens {@code from} up to, not including, {@code to} of a row.
     *
     * @param row index into the lengths
     */
    public record Piece(int row, int from, int to) {
        public int length() {
            return to - from;
        }
    }

    private Packs() {}

    /** @param lengths tokens of each row; at most {@code maxLength}, except for {@code wrapped} */
    public static List<List<Piece>> of(Packing packing, int[] lengths, int maxLength) {
        return switch (packing) {
            case NONE -> alone(lengths, maxLength);
            case BFD -> bestFitDecreasing(lengths, maxLength);
            case WRAPPED -> wrapped(lengths, maxLength);
        };
    }

    private static List<List<Piece>> alone(int[] lengths, int maxLength) {
        List<List<Piece>> packs = new ArrayList<>(lengths.length);
        for (int row = 0; row < lengths.length; row++) {
            packs.add(List.of(whole(row, lengths, maxLength)));
        }
        return packs;
    }

    /** The longest row first, each into the fullest pack that has room; the oldest of several equally full ones. */
    private static List<List<Piece>> bestFitDecreasing(int[] lengths, int maxLength) {
        List<List<Piece>> packs = new ArrayList<>();
        TreeMap<Integer, Deque<List<Piece>>> byRoom = new TreeMap<>();
        for (int row : longestFirst(lengths, maxLength)) {
            Piece piece = whole(row, lengths, maxLength);
            Map.Entry<Integer, Deque<List<Piece>>> fit = byRoom.ceilingEntry(Math.max(1, piece.length()));
            List<Piece> pack;
            int room = maxLength;
            if (fit == null) {
                pack = new ArrayList<>();
                packs.add(pack);
            } else {
                room = fit.getKey();
                pack = fit.getValue().remove();
                if (fit.getValue().isEmpty()) {
                    byRoom.remove(room);
                }
            }
            pack.add(piece);
            byRoom.computeIfAbsent(room - piece.length(), absent -> new ArrayDeque<>())
                    .add(pack);
        }
        return packs;
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

    private static List<List<Piece>> wrapped(int[] lengths, int maxLength) {
        List<List<Piece>> packs = new ArrayList<>();
        List<Piece> pack = new ArrayList<>();
        int room = maxLength;
        for (int row = 0; row < lengths.length; row++) {
            for (int from = 0; from < lengths[row]; ) {
                int to = Math.min(lengths[row], from + room);
                pack.add(new Piece(row, from, to));
                room -= to - from;
                from = to;
                if (room == 0) {
                    packs.add(pack);
                    pack = new ArrayList<>();
                    room = maxLength;
                }
            }
        }
        if (!pack.isEmpty()) {
            packs.add(pack);
        }
        return packs;
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
