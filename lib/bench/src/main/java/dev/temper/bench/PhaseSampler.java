package dev.temper.bench;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Where a thread's time goes, by looking at its stack some times a second: nothing of ours is changed or slowed. */
final class PhaseSampler implements AutoCloseable {
    private static final int PERIOD_MILLIS = 10;

    /** The innermost of our calls that means something, as {@code Class.method}, and what it is called here. */
    private static final Map<String, String> PHASES = Map.ofEntries(
            Map.entry("LossKernels.loss", "loss"),
            Map.entry("LossKernels.backward", "backward"),
            Map.entry("Network.embedBackward", "backward"),
            Map.entry("OptimizerKernels.adamw", "optimizer"),
            Map.entry("LossKernels.norm", "optimizer"),
            Map.entry("TensorKernels.clear", "optimizer"),
            Map.entry("Network.embed", "forward"),
            Map.entry("Network.layer", "forward"),
            Map.entry("Network.finalNorm", "forward"),
            Map.entry("Network.classify", "forward"),
            Map.entry("LossKernels.logits", "logits"),
            Map.entry("Sampler.next", "sampling"));

    private final Map<String, Integer> counts = new TreeMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "phases");
        thread.setDaemon(true);
        return thread;
    });

    private PhaseSampler() {}

    /** Watches the calling thread until closed. */
    static PhaseSampler start() {
        PhaseSampler sampler = new PhaseSampler();
        Thread watched = Thread.currentThread();
        var unused = sampler.clock.scheduleAtFixedRate(
                () -> sampler.look(watched), PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        return sampler;
    }

    private void look(Thread watched) {
        String phase = phase(watched.getStackTrace());
        synchronized (counts) {
            counts.merge(phase, 1, Integer::sum);
        }
    }

    private static String phase(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            String type = frame.getClassName().substring(frame.getClassName().lastIndexOf('.') + 1);
            String phase = PHASES.get(type + "." + frame.getMethodName());
            if (phase != null) {
                return phase;
            }
        }
        return "other";
    }

    /** Forgets what was seen so far. */
    void restart() {
        synchronized (counts) {
            counts.clear();
        }
    }

    /** Shares of the time since the start or the last restart; they sum to 1. */
    Map<String, Double> shares() {
        synchronized (counts) {
            double all = counts.values().stream().mapToInt(Integer::intValue).sum();
            Map<String, Double> shares = new LinkedHashMap<>();
            counts.forEach((phase, count) ->
                    shares.put(phase, Double.valueOf(String.format(Locale.ROOT, "%.3f", count / all))));
            return shares;
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
