package dev.temper.train;

/**
 * The learning rate over the updates, relative to its peak; formulas of transformers' {@code get_scheduler}.
 *
 * @param type its shape after the warm-up
 * @param warmupSteps updates over which the factor rises linearly from 0; so the first update's rate is 0
 * @param totalSteps updates in all
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/optimization.py">reference</a>
 */
public record Schedule(Type type, int warmupSteps, int totalSteps) {
    /** Names as in transformers. */
    public enum Type {
        LINEAR,
        COSINE,
        CONSTANT,
        CONSTANT_WITH_WARMUP
    }

    /** The factor for the update that follows {@code finished} finished ones. */
    public double factor(int finished) {
        if (type == Type.CONSTANT) {
            return 1;
        }
        if (finished < warmupSteps) {
            return (double) finished / Math.max(1, warmupSteps);
        }
        int steps = Math.max(1, totalSteps - warmupSteps);
        double progress = (double) (finished - warmupSteps) / steps;
        return switch (type) {
            case LINEAR -> Math.max(0, (double) (totalSteps - finished) / steps);
            case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 2 * 0.5 * progress)));
            case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
        };
    }
}
