package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.Packs.Piece;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class PacksTest {
    @Test
    void withoutPackingEachRowIsAlone() {
        assertThat(Packs.of(Packing.NONE, new int[] {3, 1}, 4))
                .containsExactly(List.of(new Piece(0, 0, 3)), List.of(new Piece(1, 0, 1)));
    }

    @Test
    void theFullestPackWithRoomTakesTheLongestRow() {
        // 7 | 6 3 | 6 2 1: the 3 goes to the older of two packs with 4 free, the 2 to the fullest that has room
        assertThat(Packs.of(Packing.BFD, new int[] {2, 6, 3, 7, 1, 6}, 10))
                .containsExactly(
                        List.of(new Piece(3, 0, 7), new Piece(2, 0, 3)),
                        List.of(new Piece(1, 0, 6), new Piece(0, 0, 2), new Piece(4, 0, 1)),
                        List.of(new Piece(5, 0, 6)));
    }

    @Test
    void equallyFullPacksTakeTurnsInTheirOrder() {
        assertThat(Packs.of(Packing.BFD, new int[] {6, 6, 4, 4}, 10))
                .containsExactly(
                        List.of(new Piece(0, 0, 6), new Piece(2, 0, 4)),
                        List.of(new Piece(1, 0, 6), new Piece(3, 0, 4)));
    }

    @Test
    void aStreamIsCutEverywhereAtTheSameLength() {
        assertThat(Packs.of(Packing.WRAPPED, new int[] {3, 6, 1}, 4))
                .containsExactly(
                        List.of(new Piece(0, 0, 3), new Piece(1, 0, 1)),
                        List.of(new Piece(1, 1, 5)),
                        List.of(new Piece(1, 5, 6), new Piece(2, 0, 1)));
        assertThat(Packs.of(Packing.WRAPPED, new int[] {8}, 4)).hasSize(2);
    }

    @Test
    void anArrayWithoutRowsHasNoPacks() {
        for (Packing packing : Packing.values()) {
            assertThat(Packs.of(packing, new int[0], 8)).isEmpty();
        }
    }

    @Test
    void aRowLongerThanAPackIsRefused() {
        assertThatThrownBy(() -> Packs.of(Packing.BFD, new int[] {4, 9}, 8))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("row 1 has 9 tokens, more than data.max_length 8");
    }

    @Test
    @Timeout(20) // a search through all packs would take minutes
    void aMillionRowsArePackedAtOnce() {
        int[] lengths = new Random(7).ints(1_000_000, 1, 2048).toArray();
        List<List<Piece>> packs = Packs.of(Packing.BFD, lengths, 2048);
        assertThat(packs.stream().mapToInt(List::size).sum()).isEqualTo(1_000_000);
        assertThat(packs).allMatch(pack -> pack.stream().mapToInt(Piece::length).sum() <= 2048);
    }

    /** The rule by itself, one pack after the other. */
    @Test
    void bestFitDecreasingTakesThePackThatASearchThroughAllFinds() {
        for (int seed = 0; seed < 20; seed++) {
            int[] lengths = new Random(seed).ints(200, 0, 33).toArray();
            assertThat(Packs.of(Packing.BFD, lengths, 32)).isEqualTo(searched(lengths, 32));
        }
    }

    /** A pack with its room, and since when it has that room. */
    private record Open(List<Piece> pieces, int room, int since) {}

    private static List<List<Piece>> searched(int[] lengths, int maxLength) {
        List<Integer> rows =
                new ArrayList<>(IntStream.range(0, lengths.length).boxed().toList());
        rows.sort(Comparator.comparingInt(row -> -lengths[row]));
        List<Open> packs = new ArrayList<>();
        for (int now = 0; now < rows.size(); now++) {
            Piece piece = new Piece(rows.get(now), 0, lengths[rows.get(now)]);
            Open best = packs.stream()
                    .filter(pack -> pack.room() >= Math.max(1, piece.length()))
                    .min(Comparator.comparingInt(Open::room).thenComparingInt(Open::since))
                    .orElse(new Open(List.of(), maxLength, now));
            List<Piece> pieces = new ArrayList<>(best.pieces());
            pieces.add(piece);
            Open filled = new Open(pieces, best.room() - piece.length(), now);
            if (best.pieces().isEmpty()) {
                packs.add(filled);
            } else {
                packs.set(packs.indexOf(best), filled);
            }
        }
        return packs.stream().map(Open::pieces).toList();
    }

    @Test
    void thePieceOfARowBeginsWithATokenThatNothingPredicts() {
        TokenRow row = new TokenRow(new int[] {7, 8, 9, 10}, new boolean[] {false, true, true, true});
        TokenRow piece = row.piece(2, 4);
        assertThat(piece.inputIds()).containsExactly(9, 10);
        assertThat(piece.trained()).containsExactly(false, true);
        assertThat(row.piece(0, 4)).isSameAs(row);
        assertThat(row.trained()).containsExactly(false, true, true, true);
    }
}
