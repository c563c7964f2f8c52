package dev.temper.run.output;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.track.TextTable;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * How many prepared rows each class of a classifier has.
 *
 * @param trained rows to train on, by class
 * @param evaluated rows to evaluate on, by class
 * @param cut of both, those that lost their end
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ClassShares(List<String> labels, long[] trained, long[] evaluated, long[] cut) {
    private static final int CELL = 60;

    static ClassShares read(Folder prepared, List<String> labels) throws IOException {
        int count = labels.size();
        ClassShares shares = new ClassShares(labels, new long[count], new long[count], new long[count]);
        PreparedData.readOrigins(prepared, row -> {
            int label = row.label().orElseThrow();
            (row.split() == Split.TRAIN ? shares.trained : shares.evaluated)[label]++;
            shares.cut[label] += row.cut() > 0 ? 1 : 0;
        });
        return shares;
    }

    TextTable table() {
        TextTable table = new TextTable(CELL, "class", "train", "share", "eval", "share", "cut");
        for (int i = 0; i < labels.size(); i++) {
            table.add(
                    Printable.masked(labels.get(i)),
                    number(trained[i]),
                    share(i, trained),
                    number(evaluated[i]),
                    share(i, evaluated),
                    number(cut[i]));
        }
        return table;
    }

    void into(ObjectNode json) {
        for (int i = 0; i < labels.size(); i++) {
            json.putObject(labels.get(i))
                    .put("train", trained[i])
                    .put("eval", evaluated[i])
                    .put("cut", cut[i]);
        }
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    private static String share(int label, long[] counts) {
        long all = 0;
        for (long count : counts) {
            all += count;
        }
        return all == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * counts[label] / all);
    }
}
