package dev.temper.spark.source;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The files that are read, for training and for evaluation, and those that are skipped.
 *
 * @param leftOut skipped files with their reasons, without hidden files and files that describe the data
 */
public record FileChoice(List<String> train, List<String> eval, List<LeftOut> leftOut) implements Serializable {
    private static final int SHOWN = 3;

    /** A file that is skipped. */
    public record LeftOut(String file, String reason) implements Serializable {}

    public FileChoice {
        train = List.copyOf(train);
        eval = List.copyOf(eval);
        leftOut = List.copyOf(leftOut);
    }

    /**
     * The files that are read, as {@code train 2: a.csv, b.csv; eval none}.
     *
     * @param evaluated number of evaluation rows, which may be split off the training files
     */
    public String readFiles(long evaluated) {
        boolean isShare = eval.isEmpty() && evaluated > 0;
        return "train " + counted(train) + "; eval " + (isShare ? "a share of them" : counted(eval));
    }

    /** The skipped files, one line for each reason. */
    public List<String> leftOutFiles() {
        Map<String, List<String>> reasons = new LinkedHashMap<>();
        leftOut.forEach(file -> reasons.computeIfAbsent(file.reason(), absent -> new ArrayList<>())
                .add(file.file()));
        return reasons.entrySet().stream()
                .map(entry -> counted(entry.getValue()) + " (" + entry.getKey() + ")")
                .toList();
    }

    private static String counted(List<String> files) {
        if (files.isEmpty()) {
            return "none";
        }
        String shown = String.join(", ", files.subList(0, Math.min(SHOWN, files.size())));
        return String.format(Locale.ROOT, "%,d: %s%s", files.size(), shown, files.size() > SHOWN ? ", …" : "");
    }
}
