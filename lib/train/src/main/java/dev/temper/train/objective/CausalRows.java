package dev.temper.train.objective;

import dev.temper.kernel.LossKernels.LossSums;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.text.DataConfig;
import dev.temper.text.LazyList;
import dev.temper.text.Packs;
import dev.temper.text.TokenRow;
import dev.temper.train.rows.MappedRows;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.IntStream;

/**
 * Rows whose next tokens are learned. A row that teaches nothing, such as the piece of a long prompt, is left out: no
 * other row sees it.
 *
 * @param train sequences in the order of the data: a row each, or the rows that were packed into one. The rows of a
 *     sequence never see each other; packing says how much an update learns from, no more
 * @param eval may be empty
 */
public record CausalRows(List<List<TokenRow>> train, List<TokenRow> eval) implements TrainingRows {
    public static final List<String> SCORES = List.of("loss", "perplexity");

    /** Every row is a sequence of its own. */
    public static CausalRows unpacked(List<TokenRow> train, List<TokenRow> eval) {
        return new CausalRows(LazyList.of(train.size(), i -> List.of(train.get(i))), eval);
    }

    /**
     * Rows packed by their lengths alone. Sequences that teach nothing are left out. With {@code wrapped} the rows to
     * evaluate on are cut, too.
     *
     * @param train asked for again and again, not held: they may lie in {@link MappedRows}
     */
    public static CausalRows packed(
            List<TokenRow> train, List<TokenRow> eval, DataConfig.Packing packing, int maxLength) {
        List<List<Packs.Piece>> packs = packs(train, packing, maxLength);
        List<List<TokenRow>> sequences = LazyList.of(
                packs.size(),
                i -> packs.get(i).stream().map(piece -> cut(piece, train)).toList());
        DataConfig.Packing wrapped = packing == DataConfig.Packing.WRAPPED ? packing : DataConfig.Packing.NONE;
        List<Packs.Piece> pieces = allPacks(eval, wrapped, maxLength).pieces();
        return new CausalRows(sequences, LazyList.of(pieces.size(), i -> cut(pieces.get(i), eval)));
    }

    /** Which pieces of which rows each sequence holds that is trained on, in the order of the data. */
    public static List<List<Packs.Piece>> packs(List<TokenRow> train, DataConfig.Packing packing, int maxLength) {
        Packs packs = allPacks(train, packing, maxLength);
        int[] taught = IntStream.range(0, packs.size())
                .filter(i -> packs.get(i).stream()
                        .anyMatch(piece -> cut(piece, train).trainedTokens() > 0))
                .toArray();
        return taught.length == packs.size() ? packs : LazyList.of(taught.length, i -> packs.get(taught[i]));
    }

    private static Packs allPacks(List<TokenRow> rows, DataConfig.Packing packing, int maxLength) {
        int[] lengths = rows.stream().mapToInt(TokenRow::length).toArray();
        return Packs.of(packing, lengths, maxLength);
    }

    private static TokenRow cut(Packs.Piece piece, List<TokenRow> rows) {
        return rows.get(piece.row()).piece(piece.from(), piece.to());
    }

    @Override
    public int[] lengths() {
        return train.stream()
                .mapToInt(
                        sequence -> sequence.stream().mapToInt(TokenRow::length).sum())
                .toArray();
    }

    @Override
    public int evaluated() {
        return eval.size();
    }

    @Override
    public List<String> scoreNames() {
        return SCORES;
    }

    @Override
    public Share.Update update(int[] sequences, Keys keys, Replica worker) {
        List<LabelledStream.Row> batch = new ArrayList<>();
        Share<LabelledStream.Row> share = new Share<>(worker, batch::get);
        for (int i = 0; i < sequences.length; i++) {
            List<TokenRow> sequence = train.get(sequences[i]);
            for (int j = 0; j < sequence.size(); j++) {
                TokenRow row = sequence.get(j);
                if (row.trainedTokens() > 0) {
                    share.add(batch.size(), row.length(), row.trainedTokens(), i);
                    batch.add(labelled(row, keys.of(sequences[i], j)));
                }
            }
        }
        return share.update(
                (rows, backpropagation, scale) -> backpropagation.accumulate(LabelledStream.of(rows), scale));
    }

    private static LabelledStream.Row labelled(TokenRow row, long key) {
        return new LabelledStream.Row(row.inputIds(), row.trained(), key);
    }

    /** The mean token loss, and e to the power of it without label smoothing. */
    @Override
    public Evaluation evaluate(Replica worker) throws IOException {
        Share<LabelledStream.Row> share = new Share<>(worker, i -> labelled(eval.get(i), 0));
        for (int i = 0; i < eval.size(); i++) {
            TokenRow row = eval.get(i);
            if (row.trainedTokens() > 0) {
                share.add(i, row.length(), row.trainedTokens(), i);
            }
        }
        DoubleAdder losses = new DoubleAdder();
        DoubleAdder crossEntropies = new DoubleAdder();
        double[] sums = worker.measure(2, () -> {
            share.forEach(rows -> {
                LossSums some =
                        Backpropagation.lossSums(worker.network(), LabelledStream.of(rows), worker.labelSmoothing());
                losses.add(some.losses());
                crossEntropies.add(some.crossEntropies());
            });
            return Optional.of(new double[] {losses.sum(), crossEntropies.sum()});
        });
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("loss", sums[0] / share.weight());
        scores.put("perplexity", Math.exp(sums[1] / share.weight()));
        return new Evaluation(scores, List.of());
    }
}
