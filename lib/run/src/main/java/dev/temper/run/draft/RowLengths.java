package dev.temper.run.draft;

import static dev.temper.check.Check.check;

import dev.temper.check.InvalidInputException;
import dev.temper.run.RecipeData;
import dev.temper.spark.reading.LocalRows;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.EndOfTurn;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RenderedText;
import dev.temper.text.RowFormat;
import dev.temper.text.RowTokenizer;
import dev.temper.text.TextKind;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How many tokens rows have, by a look at some of them all over the data.
 *
 * @param tokens of each, the shortest first
 * @param learned tokens of each that are learned, the fewest first
 * @param begins tokens of each before the first that is learned: a row that is cut before it teaches nothing
 * @param rejected of the rows looked at
 * @param firstReason why the first of them was
 * @param endless why a model would never learn to end an answer; empty where it would
 */
record RowLengths(
        List<Integer> tokens,
        List<Integer> learned,
        List<Integer> begins,
        int rejected,
        String firstReason,
        String endless) {
    private static final int SAMPLE = 2000;
    private static final int BATCH = 100;
    private static final int FIRST = 16; // rows whose ends are looked at, as a run does
    private static final int STEP = 64;
    private static final int USUAL = 1024; // tokens at most, unless the user wants more
    private static final double MOST = 0.99; // of the rows are not cut

    /** Measures while rows are read. */
    private static final class Count {
        private final RowFormat format;
        private final RowTokenizer tokenizer;
        private final List<RenderedText> waiting = new ArrayList<>();
        private final List<RenderedText> first = new ArrayList<>();
        private final List<Integer> tokens = new ArrayList<>();
        private final List<Integer> learned = new ArrayList<>();
        private final List<Integer> begins = new ArrayList<>();
        private int rejected;
        private String firstReason = "";

        Count(RowFormat format, RowTokenizer tokenizer) {
            this.format = format;
            this.tokenizer = tokenizer;
        }

        void add(LocalRows.Row row) {
            try {
                if (row.trouble().isPresent()) {
                    reject(row.trouble().get());
                    return;
                }
                format.label(row.values());
                waiting.add(format.render(row.values()));
            } catch (RejectedRowException e) {
                reject(e.detail());
            }
        }

        void measure() {
            first.addAll(waiting.subList(0, Math.min(waiting.size(), FIRST - first.size())));
            for (RowTokenizer.Result result : tokenizer.tokens(waiting)) {
                if (result.rejection() != null) {
                    reject(result.rejection().detail());
                } else {
                    TokenRow row = result.tokens();
                    tokens.add(row.length());
                    learned.add(row.trainedTokens());
                    begins.add(begin(row.trained()));
                }
            }
            waiting.clear();
        }

        /** 0 of a classifier's row, of which no token is learned. */
        private static int begin(boolean[] trained) {
            int begin = 0;
            while (begin < trained.length && !trained[begin]) {
                begin++;
            }
            return begin == trained.length ? 0 : begin;
        }

        private void reject(String why) {
            firstReason = rejected++ == 0 ? why : firstReason;
        }
    }

    /**
     * Renders and tokenizes rows as a run would.
     *
     * @param rows how many there are
     * @param vocabulary rows of the model's embedding
     * @throws dev.temper.check.InvalidInputException when none of them can be trained on
     */
    static RowLengths measure(HadoopStore store, RecipeData recipe, Tokenizer tokenizer, long rows, int vocabulary)
            throws IOException {
        RowFormat format = recipe.format();
        Count count = new Count(
                format, new RowTokenizer(tokenizer, format.kind(), Integer.MAX_VALUE, TooLong.TRUNCATE, vocabulary));
        String location = recipe.recipe().data().train().get(0).location().orElseThrow();
        long step = Math.max(1, rows / SAMPLE);
        ReadTable table = ReadTable.of(format.inputColumns(), recipe.recipe().data());
        try (LocalRows all = LocalRows.open(store, location, table)) {
            for (long i = 0; i < rows && all.hasNext(); i++) {
                LocalRows.Row row = all.next();
                if (i % step == 0) {
                    count.add(row);
                }
                if (count.waiting.size() == BATCH) {
                    count.measure();
                }
            }
        }
        count.measure();
        check(
                !count.tokens.isEmpty(),
                "data: none of %d rows of %s can be trained on as %s: the first: %s; see --columns, --labels, --task",
                count.rejected,
                location,
                RecipeText.yaml(recipe.recipe().data().columns()),
                count.firstReason);
        Collections.sort(count.tokens);
        Collections.sort(count.learned);
        String endless = format.kind() == TextKind.CHAT && format.trainOn() != TrainOn.ALL
                ? endless(new EndOfTurn(tokenizer, recipe.ends()), count.first)
                : "";
        return new RowLengths(count.tokens, count.learned, count.begins, count.rejected, count.firstReason, endless);
    }

    private static String endless(EndOfTurn ends, List<RenderedText> rows) {
        try {
            ends.check(rows);
            return "";
        } catch (InvalidInputException e) {
            return e.getMessage();
        }
    }

    int longest() {
        return tokens.get(tokens.size() - 1);
    }

    /** Tokens that this share of the rows does not exceed. */
    int most() {
        return at(tokens);
    }

    private static int at(List<Integer> sorted) {
        return sorted.get((int) Math.min(sorted.size() - 1L, (long) (MOST * sorted.size())));
    }

    /** As many learned tokens as nearly all rows have. */
    int answer() {
        return at(learned);
    }

    /** Of the rows looked at, with those of which nothing is learned when they are cut there. */
    double rejectedShare(int maxLength) {
        return (rejected + unlearned(maxLength)) / (double) (rejected + tokens.size());
    }

    private long unlearned(int maxLength) {
        return begins.stream().filter(begin -> begin >= maxLength).count();
    }

    /** Why rows are rejected. */
    String rejection(int maxLength) {
        String cut = unlearned(maxLength) == 0
                ? ""
                : "of %,d the answer begins behind max_length".formatted(unlearned(maxLength));
        return rejected == 0 || cut.isEmpty()
                ? cut + (rejected == 0 ? "" : "the first because: " + firstReason)
                : cut + "; of the others the first because: " + firstReason;
    }

    /** {@code data.max_length}: what nearly all rows need, in steps, within the model's positions. */
    int maxLength(int positions) {
        int needed = longest() <= Math.max(2 * STEP, most() * 5 / 4) ? longest() : most();
        return Math.min(rounded(needed, STEP), Math.min(positions, USUAL));
    }

    static int rounded(int count, int step) {
        return (count + step - 1) / step * step;
    }

    /** Why {@link #maxLength} is what it is. */
    String reason(int maxLength, int positions) {
        long cut = tokens.stream().filter(length -> length > maxLength).count();
        String seen = "the longest of %,d rows has %,d tokens".formatted(tokens.size(), longest());
        if (cut == 0) {
            return seen;
        }
        String why = maxLength == positions ? "the model takes no more" : "more takes more memory and time";
        return "%s; %,d of them are longer than this and lose their end: %s".formatted(seen, cut, why);
    }
}
