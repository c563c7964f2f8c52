package dev.temper.jobs;

import dev.temper.run.AdapterMerge;
import dev.temper.spark.storage.HadoopStore;

/** {@code temper merge}. */
final class MergeJob {
    private MergeJob() {}

    static void run(HadoopStore store, AdapterMerge.Request request) throws Exception {
        AdapterMerge.merge(store, request, new ConsoleProgress());
    }
}
