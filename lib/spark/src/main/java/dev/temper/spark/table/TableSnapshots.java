package dev.temper.spark.table;

import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.Preparation;
import dev.temper.spark.preparing.PreparedPlace;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.SourceFiles;
import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** The snapshots of all tables of a recipe. Closing deletes them. */
public final class TableSnapshots implements AutoCloseable {
    /** For a recipe without tables. */
    static final TableSnapshots NONE = new TableSnapshots(Map.of(), null);

    private final Map<Source, SourceFiles> files;
    private final PreparedPlace place; // null: nothing is written

    private TableSnapshots(Map<Source, SourceFiles> files, PreparedPlace place) {
        this.files = files;
        this.place = place;
    }

    /**
     * Reads the tables. Files that an interrupted command left for the same tables are deleted.
     *
     * @param preparation the columns to read
     * @param prepared folder of all prepared data sets; the snapshots are in a folder below it
     * @throws dev.temper.check.InvalidInputException when a table cannot be trained on
     */
    public static TableSnapshots take(
            SparkSession spark, DataConfig data, Preparation preparation, DataTables given, Folder prepared)
            throws IOException {
        if (data.tables().isEmpty()) {
            return NONE;
        }
        ReadTable table = preparation.table(data);
        List<TableSnapshot> snapshots = opened(spark, data, preparation, given);
        Folder folder = prepared.child(
                "tables-" + Hashes.sha256(data.tables() + "\n" + table).substring(0, 16));
        TableSnapshots all = new TableSnapshots(
                new HashMap<>(), PreparedPlace.take(data.prepared().isPresent() ? "data.prepared" : "output", folder));
        try {
            all.place.clear();
            LeasedFolder begun = all.place.onCluster(spark);
            for (int i = 0; i < snapshots.size(); i++) {
                all.files.put(data.tables().get(i), snapshots.get(i).write(begun, "table-" + i));
            }
            return all;
        } catch (Exception | Error e) {
            try {
                all.close();
            } catch (IOException | RuntimeException more) {
                e.addSuppressed(more);
            }
            throw e;
        }
    }

    /**
     * Checks the tables without reading rows.
     *
     * @throws dev.temper.check.InvalidInputException when a table cannot be trained on
     */
    public static void verify(SparkSession spark, DataConfig data, Preparation preparation, DataTables given) {
        opened(spark, data, preparation, given);
    }

    private static List<TableSnapshot> opened(
            SparkSession spark, DataConfig data, Preparation preparation, DataTables given) {
        ReadTable table = preparation.table(data);
        List<TableSnapshot> snapshots = new ArrayList<>();
        Map<String, Integer> names = new HashMap<>();
        for (Source source : data.tables()) {
            int number = names.merge(source.name(), 1, Integer::sum);
            String name = source.name() + (number == 1 ? "" : " " + number);
            TableQuery query = TableQuery.open(spark, source, name, given).columns(table);
            snapshots.add(new TableSnapshot(query, table, preparation.shape(data)));
        }
        return snapshots;
    }

    /** A copy of the preparation with these snapshots. */
    public Preparation in(Preparation preparation) {
        return preparation.with(files);
    }

    /** Deletes the snapshots. */
    @Override
    public void close() throws IOException {
        if (place != null) {
            try {
                place.clear();
            } finally {
                place.close();
            }
        }
    }
}
