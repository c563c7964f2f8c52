package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** All-reduces the gradients of all workers, in place. */
final class GradientSum {
    /** Size of a bucket: large enough for throughput, small enough that one is sent while another is added. */
    private static final int BUCKET_BYTES = 16 << 20;

    private final Collective workers;
    private final List<ByteBuffer> buckets = new ArrayList<>();

    GradientSum(TrainedParameters parameters, Collective workers) {
        this.workers = workers;
        int elements = BUCKET_BYTES / Float.BYTES;
        for (long from = 0; workers.size() > 1 && from < parameters.count(); from += elements) {
            long to = Math.min(parameters.count(), from + elements);
            buckets.add(Workspace.memory(Workspace.slice(parameters.flatGradients(), from, to)));
        }
    }

    /** Sums the gradients. Must be called by all workers. */
    void sum() throws IOException {
        workers.sum(buckets);
    }
}
