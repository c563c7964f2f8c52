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
 * A tokenized data set, stored in a folder that is named by the hash of everything that determines it: the bytes of the
 * files, the settings of the data and the stages, and the seed. Rows are in the order of source and row number, and the
 * files have the same bytes for any number of partitions.
 *
 * @param folder its location: {@code <prepared>/<key>}
 * @param rejected a few of the rejected rows of each reason; {@link #copyRejected} writes all of them
 * @param leftOut number of rows that {@code max_train_rows}, {@code max_eval_rows} or a weight excluded
 * @param cut number of rows that were truncated to {@code max_length}
 * @param shortened number of rows of which the chat template does not render the whole answer
 * @param lengths histogram of token counts before truncation: a key counts rows of at most so many tokens and more than
 *     half as many
 * @param files which files were read, and which were skipped
 * @param hashes of the files that were read, by name
 * @param reused whether the data set already existed
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
     * Tokens of both splits.
     *
     * @param train number of tokens of the rows to train on
     * @param trained number of those that count in the loss
     * @param eval number of tokens of the rows to evaluate on
     * @param evaluated number of those that count in the loss
     */
    public record Tokens(long train, long trained, long eval, long evaluated) {}

    /** A sentence for the user about answers that the chat template does not render whole; empty if there are none. */
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
     * Reads, splits, renders and tokenizes the data, or finds it prepared. Leaves no files behind when it fails.
     *
     * @param prepared folder of all prepared data sets; may be inside a leased folder
     * @throws dev.temper.check.InvalidInputException when the data cannot be trained on, or too many rows are rejected
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
            firstRows.exceptionally(failure -> null).join(); // waits, so that no thread of ours is left running
            if (isNew) {
                store.deleteEmpty(prepared.location());
            }
        }
    }

    private static Optional<PreparedData> find(Folder folder, String key, Sources sources, FileChunks chunks)
            throws IOException {
        return PreparedManifest.find(folder, key).map(manifest -> of(folder, manifest, sources, chunks, true));
    }

    /** Finds what {@link #prepare} would reuse; writes nothing. */
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

    /**
     * Examines the first rows while all rows are read, as opening a tokenizer and Spark SQL takes seconds of one core.
     */
    private static CompletableFuture<Void> look(
            SparkSession spark, DataConfig data, Preparation preparation, Sources sources) {
        PrepareRows rows = prepareRows(spark, data, preparation, sources, FileChunks.unread(sources));
        return CompletableFuture.runAsync(() -> preparation.check().accept(rows.all()));
    }

    /**
     * Checks that the files exist, without reading them. Tables are checked later, by Spark.
     *
     * @throws dev.temper.check.InvalidInputException when a location is missing or empty, or a folder has no data files
     */
    public static void verifyFiles(HadoopStore store, DataConfig data) throws IOException {
        Sources.find(store, data, Map.of());
    }

    /**
     * Passes all rows to {@code target}, in their order. Usable on any machine, if the folder's store is accessible
     * from it, such as a {@link HadoopStore}.
     */
    public static void read(Folder folder, Consumer<PreparedRow> target) throws IOException {
        PreparedManifest manifest = PreparedManifest.read(folder);
        for (Part part : manifest.files()) {
            PreparedPart.read(folder, part, target);
        }
    }

    /**
     * Checks on an executor that it sees the prepared data, without reading the rows.
     *
     * @param folder as {@link #folder}
     * @param key of the recipe that names the location
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

    /** As {@link #read}, but without tokens, for what the driver needs to know about all rows. */
    public static void readOrigins(Folder folder, Consumer<PreparedRow> target) throws IOException {
        for (Part part : PreparedManifest.read(folder).files()) {
            PreparedPart.readOrigins(folder, part, target);
        }
    }

    /** The first {@code count} rows of a split. */
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

    /** Size of the rows in a worker's memory-mapped files ({@link MappedRows}), in bytes. */
    public long mappedBytes() {
        return MappedRows.bytes(rows.trained() + rows.evaluated(), tokens.train() + tokens.eval());
    }

    /** As {@link #mappedBytes()}, for some splits of any prepared data set. */
    public static long mappedBytes(Folder folder, Set<Split> splits) throws IOException {
        PreparedManifest manifest = PreparedManifest.read(folder);
        long train =
                MappedRows.bytes(manifest.rows().trained(), manifest.train().tokens());
        long eval =
                MappedRows.bytes(manifest.rows().evaluated(), manifest.eval().tokens());
        return (splits.contains(Split.TRAIN) ? train : 0) + (splits.contains(Split.EVAL) ? eval : 0);
    }

    /**
     * As {@link #mappedBytes()}, if the folder has exactly one prepared data set; otherwise empty.
     *
     * @param prepared folder of all prepared data sets
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

    /** Copies the table {@code rejected}: all rejected rows with their reasons. */
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
