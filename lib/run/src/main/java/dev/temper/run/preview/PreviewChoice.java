package dev.temper.run.preview;

import static dev.temper.check.Check.check;

import dev.temper.recipe.Recipe;
import dev.temper.run.RecipeRows;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.Packs;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Which rows a preview shows: the first ones to train on, unless it is asked for others.
 *
 * @param rows so many at most, or so many packs
 * @param numbers of the rows in their files; empty: all
 * @param text that they hold, as the model sees it
 * @param isLongestFirst the longest of them, instead of the first
 * @param arePacked as they are packed for training
 */
public record PreviewChoice(
        int rows, List<Long> numbers, Optional<String> text, boolean isLongestFirst, boolean arePacked) {
    public PreviewChoice {
        check(rows >= 0, "--rows must not be negative, got %d", rows);
        numbers.forEach(number -> check(number > 0, "--row must be positive: 1 is the first row, got %d", number));
        numbers = List.copyOf(numbers);
    }

    /** @throws dev.temper.check.InvalidInputException when packs are asked for, and rows are not packed */
    void verify(Recipe recipe) {
        check(
                !arePacked || recipe.data().packing() != DataConfig.Packing.NONE,
                "--packs needs data.packing: bfd or wrapped; without, every row is a sequence of its own");
    }

    List<Preview.Group> groups(Folder prepared, Recipe recipe, Tokenizer tokenizer) throws IOException {
        if (arePacked) {
            return packs(prepared, recipe.data(), tokenizer);
        }
        return rows(prepared, tokenizer).stream()
                .map(row -> new Preview.Group("", List.of(shown(row, recipe))))
                .toList();
    }

    private static Preview.Shown shown(PreparedRow row, Recipe recipe) {
        return new Preview.Shown(
                row.rowId(),
                place(row) + (row.split() == Split.EVAL ? ", to evaluate on" : ""),
                row.tokens(),
                recipe.data()
                        .format()
                        .labels()
                        .map(format -> new Preview.Label(
                                format.name(),
                                format.text(row.label(), recipe.model().labels()))),
                row.cut());
    }

    private static String place(PreparedRow row) {
        return "row " + row.rowNumber() + " of " + row.source();
    }

    private List<PreparedRow> rows(Folder prepared, Tokenizer tokenizer) throws IOException {
        if (numbers.isEmpty() && text.isEmpty() && !isLongestFirst) {
            return PreparedData.first(prepared, Split.TRAIN, rows);
        }
        if (!isLongestFirst) {
            List<PreparedRow> first = new ArrayList<>();
            PreparedData.read(prepared, row -> {
                if (first.size() < rows && isMeant(row, tokenizer)) {
                    first.add(row);
                }
            });
            return first;
        }
        Comparator<PreparedRow> byLength =
                Comparator.comparingInt(row -> row.tokens().length() + row.cut());
        PriorityQueue<PreparedRow> longest = new PriorityQueue<>(byLength); // the shortest of them first
        PreparedData.read(prepared, row -> {
            if (isMeant(row, tokenizer)) {
                longest.add(row);
            }
            if (longest.size() > rows) {
                longest.remove();
            }
        });
        List<PreparedRow> sorted = new ArrayList<>(longest);
        sorted.sort(byLength.reversed().thenComparing(PreparedRow::source).thenComparingLong(PreparedRow::rowNumber));
        return sorted;
    }

    /** Rows to evaluate on are shown only to who asks for certain ones. */
    private boolean isMeant(PreparedRow row, Tokenizer tokenizer) {
        boolean isSearched = !numbers.isEmpty() || text.isPresent();
        return (isSearched || row.split() == Split.TRAIN)
                && (numbers.isEmpty() || numbers.contains(row.rowNumber()))
                && text.map(part -> tokenizer.text(row.tokens().inputIds()).contains(part))
                        .orElse(true);
    }

    /** As {@link RecipeRows} has them. */
    private List<Preview.Group> packs(Folder prepared, DataConfig data, Tokenizer tokenizer) throws IOException {
        List<PreparedRow> train = new ArrayList<>();
        PreparedData.read(prepared, row -> {
            if (row.split() == Split.TRAIN) {
                train.add(row);
            }
        });
        List<TokenRow> tokens = train.stream().map(PreparedRow::tokens).toList();
        List<List<Packs.Piece>> packs = CausalRows.packs(tokens, data.packing(), data.maxLength());
        List<Integer> meant = new ArrayList<>();
        for (int i = 0; i < packs.size(); i++) {
            if (packs.get(i).stream().anyMatch(piece -> isMeant(train.get(piece.row()), tokenizer))) {
                meant.add(i);
            }
        }
        if (isLongestFirst) {
            meant.sort(Comparator.comparingInt((Integer pack) -> length(packs.get(pack)))
                    .reversed());
        }
        return meant.stream()
                .limit(rows)
                .map(pack -> group(pack, packs, train, data.maxLength()))
                .toList();
    }

    private static int length(List<Packs.Piece> pack) {
        return pack.stream().mapToInt(Packs.Piece::length).sum();
    }

    private static Preview.Group group(
            int number, List<List<Packs.Piece>> packs, List<PreparedRow> train, int maxLength) {
        List<Preview.Shown> rows = new ArrayList<>();
        int learned = 0;
        for (Packs.Piece piece : packs.get(number)) {
            PreparedRow row = train.get(piece.row());
            boolean isWhole = piece.length() == row.tokens().length();
            TokenRow tokens = row.tokens().piece(piece.from(), piece.to());
            learned += tokens.trainedTokens();
            String part = isWhole ? "" : format(", its tokens %,d to %,d", piece.from() + 1, piece.to());
            rows.add(new Preview.Shown(
                    row.rowId(), place(row) + part, tokens, Optional.empty(), isWhole ? row.cut() : 0));
        }
        String title = format(
                "pack %,d of %,d: %s, %,d of %,d tokens, %,d learned",
                number + 1,
                packs.size(),
                rows.size() == 1 ? "1 row" : rows.size() + " rows",
                length(packs.get(number)),
                maxLength,
                learned);
        return new Preview.Group(title, rows);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
