package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.spark.PreparedManifest.Part;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.RowFormat;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.spark.sql.SparkSession;

/**
 * A data set as tokens, kept below a folder by the hash of all it follows from: the files, the tokenizer, the settings
 * and the seed. The rows stand in the order of source and row number, and the files have the same bytes for any number
 * of partitions.
 *
 * @param folder where it is: {@code <prepared>/<key>}
 * @param rejected the first ten thousand of the rejected rows, by source and row number
 * @param leftOut rows that {@code max_train_rows}, {@code max_eval_rows} or a weight left out
 * @param reused whether it was there already
 */
public record PreparedData(
        Folder folder,
        String key,
        RowCounts rows,
        List<RejectedRow> rejected,
        Tokens tokens,
        long leftOut,
        boolean reused) {
    /**
     * The tokens of both splits together with those that are learned.
     *
     * @param train all tokens of the rows to train on
     * @param trained those of them with a label
     */
    public record Tokens(long train, long trained, long eval, long evaluated) {}

    /**
     * Reads, splits, renders and tokenizes the data, or finds it prepared. Nothing is written when a row is refused, or
     * too many are rejected.
     *
     * @param tokenizer location of the folder with {@code tokenizer.json}
     * @param prepared the folder that holds prepared data sets
     * @throws dev.temper.check.InvalidInputException when the data cannot be trained on
     */
    public static PreparedData prepare(
            SparkSession spark, DataConfig data, long seed, String tokenizer, Folder prepared) throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        RowFormat format = RowFormat.of(data);
        TokenizerFolder tokenizerFolder = TokenizerFolder.of(store, tokenizer, "");
        tokenizerFolder.shared(); // a broken one fails here, not in a task
        Sources sources = Sources.find(store, data);
        String key = key(data, seed, tokenizerFolder, sources);
        Folder folder = store.folder(prepared.location(key));
        Optional<PreparedManifest> found = PreparedManifest.find(folder, key);
        if (found.isPresent()) {
            PreparedManifest manifest = found.get();
            PrepareRows.checkRejected(data, manifest.rows(), manifest.rejected());
            return of(folder, manifest, true);
        }
        try (PrepareRows rows = new PrepareRows(spark, data, seed, tokenizerFolder.location())) {
            rows.read(sources, ReadTable.of(format.columns(), data));
            PreparedManifest counted = rows.count(key);
            folder.store().delete(folder.location()); // what an interrupted run may have left
            PreparedManifest manifest = counted.withFiles(rows.write(folder, counted.rows()));
            manifest.write(folder);
            return of(folder, manifest, false);
        } catch (Exception e) { // Spark throws checked exceptions that it does not declare
            ReadTable.mistake(e).ifPresent(mistake -> {
                throw mistake;
            });
            throw e;
        }
    }

    /**
     * Looks for the files without reading them.
     *
     * @throws dev.temper.check.InvalidInputException when one is missing or empty, or a folder has none
     */
    public static void verifyFiles(HadoopStore store, DataConfig data) throws IOException {
        Sources.find(store, data);
    }

    /**
     * Hands over all rows in their order, on any machine. The folder's store must be one that this machine can reach,
     * such as {@link HadoopStore}.
     */
    public static void read(Folder folder, Consumer<PreparedRow> target) throws IOException {
        PreparedManifest manifest = PreparedManifest.read(folder);
        for (Part part : manifest.files()) {
            PreparedPart.read(folder, part, target);
        }
    }

    private static PreparedData of(Folder folder, PreparedManifest manifest, boolean reused) {
        Tokens tokens = new Tokens(
                manifest.train().tokens(),
                manifest.train().trained(),
                manifest.eval().tokens(),
                manifest.eval().trained());
        return new PreparedData(
                folder, manifest.key(), manifest.rows(), manifest.rejected(), tokens, manifest.leftOut(), reused);
    }

    private static String key(DataConfig data, long seed, TokenizerFolder tokenizer, Sources sources)
            throws IOException {
        StringBuilder text = new StringBuilder("version " + PreparedManifest.VERSION + "\n");
        for (String file : TokenizerFolder.FILES) {
            try (InputStream in = tokenizer.read(file)) {
                text.append(file).append(' ').append(Hashes.sha256(in)).append('\n');
            }
        }
        sources.train().forEach(files -> text.append("train ").append(files).append('\n'));
        text.append("eval ").append(sources.eval()).append('\n');
        for (Object setting : List.of(
                data.train(),
                data.evalFraction(),
                data.format(),
                new TreeMap<>(data.columns()), // Map.copyOf orders its keys differently in each process
                data.separator(),
                data.chatTemplate(),
                data.trainOn(),
                data.maxLength(),
                data.tooLong(),
                data.maxTrainRows(),
                data.maxEvalRows(),
                data.encoding(),
                data.delimiter(),
                data.header(),
                seed)) {
            text.append(setting).append('\n');
        }
        return Hashes.sha256(text.toString()).substring(0, 16);
    }

    /** The files to read. */
    record Sources(List<SourceFiles> train, Optional<SourceFiles> eval) {
        static Sources find(HadoopStore store, DataConfig data) throws IOException {
            Set<String> names = new HashSet<>();
            List<SourceFiles> train = new ArrayList<>();
            for (Source source : data.train()) {
                check(
                        names.add(HadoopStore.resolve(source.location())),
                        "data.train names %s twice",
                        source.location());
                train.add(SourceFiles.find(store, source.location()));
            }
            Optional<String> eval = data.eval();
            eval.ifPresent(location ->
                    check(names.add(HadoopStore.resolve(location)), "data.eval and data.train both name %s", location));
            return new Sources(
                    train, eval.isPresent() ? Optional.of(SourceFiles.find(store, eval.get())) : Optional.empty());
        }
    }
}
