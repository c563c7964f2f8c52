package dev.temper.spark.preparing;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.FileChoice;
import dev.temper.spark.source.FileChunks;
import dev.temper.spark.source.FileHash;
import dev.temper.spark.source.Sources;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.storage.Store;
import dev.temper.text.DataConfig;
import dev.temper.train.rows.MappedRows;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.spark.sql.SparkSession;

/**
 * A data set as tokens, kept below a folder by the hash of all it follows from: the bytes of the files, the stages'
 * settings, our own and the seed. The rows stand in the order of source and row number, and the files have the same
 * bytes for any number of partitions.
 *
 * @param folder where it is: {@code <prepared>/<key>}
 * @param rejected a few of the rejected rows of each reason; {@link #copyRejected} has them all
 * @param leftOut rows that {@code max_train_rows}, {@code max_eval_rows} or a weight left out
 * @param cut rows that were longer than {@code max_length} and lost their end
 * @param shortened rows of which the chat template does not write all that their answers hold
 * @param lengths rows by the number of their tokens before any was cut: at most so many, and more than half as many
 * @param files which files were read, and which were left out
 * @param hashes of the files that were read, by name
 * @param reused whether it was there already
 */
public record PreparedData(
        Folder folder,
        String key,
        RowCounts rows,
        List<RejectedRow> rejected,
        Tokens tokens,
        long leftOut,
        long cut,
        long shortened,
        Map<Long, Long> lengths,
        FileChoice files,
        Map<String, FileHash> hashes,
        boolean reused) {
    /**
     * The tokens of both splits together with those that are learned.
     *
     * @param train all tokens of the rows to train on
     * @param trained those of them with a label
     */
    public record Tokens(long train, long trained, long eval, long evaluated) {}

    /** What to tell of answers that a template shortens; empty where it does not. */
    public Optional<String> shortenedNote() {
        return shortened == 0
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "the chat template does not write all of the answers of %,d rows: reasoning, or text beside the"
                                + " call of a tool, is left out and not learned",
                        shortened));
    }

    /**
     * Reads, splits, renders and tokenizes the data, or finds it prepared. Nothing stays behind when a row is refused,
     * or too many are rejected.
     *
     * @param prepared the folder that holds prepared data sets; it may lie in one that a lease guards
     * @throws dev.temper.check.InvalidInputException when the data cannot be trained on
     */
    public static PreparedData prepare(
            SparkSession spark, DataConfig data, long seed, Preparation preparation, Folder prepared)
            throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        Sources sources = Sources.find(store, data, preparation.tables());
        boolean isNew = store.find(prepared.location()).isEmpty();
        CompletableFuture<Void> firstRows =
                isNew ? look(spark, data, preparation, sources) : CompletableFuture.completedFuture(null);
        try {
            FileChunks chunks = FileChunks.read(spark, sources);
            String key = PreparedKey.of(data, seed, preparation, sources.files(), chunks::sha256);
            Folder folder = prepared.child(key);
            Optional<PreparedData> found = find(folder, key, sources, chunks);
            if (found.isPresent()) {
                Lease.tidy(folder);
            } else {
                CompletableFuture<Void> look = isNew ? firstRows : look(spark, data, preparation, sources);
                firstRows = look;
                PrepareRows rows = prepareRows(spark, data, preparation, sources, chunks);
                RowChoice choice = RowChoice.of(seed, data.evalFraction());
                PreparedWriter writer = new PreparedWriter(data, choice, preparation.stages(), key, folder);
                PreparedWriter.Written written = writer.write(spark, rows, look);
                found = Optional.of(of(folder, written.manifest(), sources, chunks, written.isReused()));
            }
            new Refusals(data).checkRejected(found.get().rows(), found.get().rejected());
            return found.get();
        } catch (Exception e) { // Spark throws checked exceptions that it does not declare
            Optional<InvalidInputException> mistake = ReadTable.mistake(e);
            if (mistake.isPresent()) {
                throw mistake.get();
            }
            throw e;
        } finally {
            firstRows.exceptionally(failure -> null).join(); // nothing of ours runs on
            if (isNew) {
                store.deleteEmpty(prepared.location());
            }
        }
    }

    private static Optional<PreparedData> find(Folder folder, String key, Sources sources, FileChunks chunks)
            throws IOException {
        return PreparedManifest.find(folder, key).map(manifest -> of(folder, manifest, sources, chunks, true));
    }

    /** What {@link #prepare} would find prepared; writes nothing. */
    public static Optional<PreparedData> find(
            SparkSession spark, DataConfig data, long seed, Preparation preparation, Folder prepared)
            throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        if (store.find(prepared.location()).isEmpty()) {
            return Optional.empty();
        }
        Sources sources = Sources.find(store, data, preparation.tables());
        FileChunks chunks = FileChunks.read(spark, sources);
        String key = PreparedKey.of(data, seed, preparation, sources.files(), chunks::sha256);
        return find(store.folder(prepared.location(key)), key, sources, chunks);
    }

    /** Looks at the first rows while all are read: to open a tokenizer and Spark's SQL takes seconds, on one core. */
    private static CompletableFuture<Void> look(
            SparkSession spark, DataConfig data, Preparation preparation, Sources sources) {
        PrepareRows rows = prepareRows(spark, data, preparation, sources, FileChunks.unread(sources));
        return CompletableFuture.runAsync(() -> preparation.check().accept(rows.all()));
    }

    /**
     * Looks for the files without reading them; of tables Spark says later whether they are there.
     *
     * @throws dev.temper.check.InvalidInputException when one is missing or empty, or a folder has none
     */
    public static void verifyFiles(HadoopStore store, DataConfig data) throws IOException {
        Sources.find(store, data, Map.of());
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

    /**
     * Looks, on an executor, whether it sees what the driver has found or prepared, without reading the rows.
     *
     * @param folder as {@link #folder}
     * @param key of the recipe that names the place
     * @throws InvalidInputException when it does not
     */
    public static void checkSeen(Folder folder, String key) throws IOException {
        Map<String, Long> seen = new TreeMap<>();
        folder.list().forEach(entry -> seen.put(entry.name(), entry.bytes()));
        boolean isSeen = seen.containsKey(PreparedManifest.NAME);
        for (Part part : isSeen ? PreparedManifest.read(folder).files() : List.<Part>of()) {
            isSeen &= seen.getOrDefault(part.name(), -1L) == part.bytes();
        }
        if (!isSeen) {
            throw LeasedFolder.unseen(key, folder.location());
        }
    }

    /** As {@link #read}, but rows come without their tokens: for what the driver wants to know of all rows. */
    public static void readOrigins(Folder folder, Consumer<PreparedRow> target) throws IOException {
        for (Part part : PreparedManifest.read(folder).files()) {
            PreparedPart.readOrigins(folder, part, target);
        }
    }

    /** The first so many rows of a split. */
    public static List<PreparedRow> first(Folder folder, Split split, int count) throws IOException {
        List<PreparedRow> rows = new ArrayList<>();
        for (Part part : PreparedManifest.read(folder).files()) {
            if (rows.size() < count) {
                PreparedPart.read(folder, part, row -> {
                    if (row.split() == split && rows.size() < count) {
                        rows.add(row);
                    }
                });
            }
        }
        return rows;
    }

    /** What the rows take on the disk of a worker, as {@link MappedRows}. */
    public long mappedBytes() {
        return MappedRows.bytes(rows.trained() + rows.evaluated(), tokens.train() + tokens.eval());
    }

    /** The same of some splits of any data set. */
    public static long mappedBytes(Folder folder, Set<Split> splits) throws IOException {
        PreparedManifest manifest = PreparedManifest.read(folder);
        long train =
                MappedRows.bytes(manifest.rows().trained(), manifest.train().tokens());
        long eval =
                MappedRows.bytes(manifest.rows().evaluated(), manifest.eval().tokens());
        return (splits.contains(Split.TRAIN) ? train : 0) + (splits.contains(Split.EVAL) ? eval : 0);
    }

    /**
     * The same of all rows, where exactly one data set was prepared.
     *
     * @param prepared the folder that holds prepared data sets
     */
    public static OptionalLong mappedBytesOfOnly(Folder prepared) throws IOException {
        List<Folder> found = new ArrayList<>();
        if (prepared.store().find(prepared.location()).isPresent()) {
            for (Store.Entry entry : prepared.list()) {
                Folder folder = prepared.child(entry.name());
                if (folder.has(PreparedManifest.NAME)) {
                    found.add(folder);
                }
            }
        }
        return found.size() == 1
                ? OptionalLong.of(mappedBytes(found.get(0), EnumSet.allOf(Split.class)))
                : OptionalLong.empty();
    }

    /** Writes the table {@code rejected}: all rows that were not trained on, with their reasons. */
    public void copyRejected(Folder target) throws IOException {
        List<Part> files = PreparedManifest.read(folder).rejectedFiles();
        if (files.isEmpty()) {
            RejectedRow.TABLE.write(target, List.of());
        }
        for (int i = 0; i < files.size(); i++) {
            try (InputStream in = folder.read(files.get(i).name());
                    OutputStream out = target.write("part-%05d.parquet".formatted(i))) {
                in.transferTo(out);
            }
        }
    }

    private static PreparedData of(
            Folder folder, PreparedManifest manifest, Sources sources, FileChunks chunks, boolean reused) {
        Map<String, FileHash> hashes = new TreeMap<>();
        sources.files().forEach(file -> hashes.put(file.source(), chunks.hash(file)));
        Tokens tokens = new Tokens(
                manifest.train().tokens(),
                manifest.train().trained(),
                manifest.eval().tokens(),
                manifest.eval().trained());
        Map<Long, Long> lengths = new TreeMap<>();
        manifest.lengths().forEach(length -> lengths.put(length.upTo(), length.rows()));
        return new PreparedData(
                folder,
                manifest.key(),
                manifest.rows(),
                manifest.rejected(),
                tokens,
                manifest.leftOut(),
                manifest.cut(),
                manifest.shortened(),
                lengths,
                sources.choice(),
                hashes,
                reused);
    }

    private static PrepareRows prepareRows(
            SparkSession spark, DataConfig data, Preparation preparation, Sources sources, FileChunks chunks) {
        return new PrepareRows(spark, sources, chunks, preparation.table(data), preparation.shape(data));
    }
}
