package dev.temper.train.config;

import static dev.temper.check.Check.check;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The learning rate schedule, as a factor of its peak; formulas of transformers' {@code get_scheduler}.
 *
 * @param type shape after the warm-up
 * @param warmupSteps updates over which the factor rises linearly from 0; so the rate of the first update is 0
 * @param totalSteps total number of updates
 * @param peak the learning rate that the factors multiply
 * @param kwargs further arguments of the type, as in {@code lr_scheduler_kwargs}: numbers and names
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/optimization.py">reference</a>
 */
public record Schedule(Type type, int warmupSteps, int totalSteps, double peak, Map<String, Object> kwargs) {
    /** The types, named as in transformers. */
    public enum Type {
        LINEAR,
        COSINE,
        COSINE_WITH_RESTARTS("num_cycles"),
        COSINE_WITH_MIN_LR("num_cycles", "min_lr", "min_lr_rate"),
        POLYNOMIAL("lr_end", "power"),
        INVERSE_SQRT("timescale"),
        WARMUP_STABLE_DECAY(
                "num_decay_steps", "num_stable_steps", "warmup_type", "decay_type", "min_lr_ratio", "num_cycles"),
        CONSTANT,
        CONSTANT_WITH_WARMUP;

        @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
        private final List<String> kwargs;

        Type(String... kwargs) {
            this.kwargs = List.of(kwargs);
        }

        private String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final String KEY = "training.lr_scheduler_kwargs";
    private static final List<String> CURVES = List.of("linear", "cosine", "1-sqrt");

    public Schedule {
        kwargs = Map.copyOf(kwargs);
        for (Map.Entry<String, Object> argument : kwargs.entrySet()) {
            String name = argument.getKey();
            check(
                    type.kwargs.contains(name),
                    "%s.%s: lr_scheduler_type %s does not know it%s",
                    KEY,
                    name,
                    type.label(),
                    type.kwargs.isEmpty() ? "" : ", only " + String.join(", ", type.kwargs));
            boolean isCurve = name.endsWith("_type");
            check(
                    isCurve ? CURVES.contains(argument.getValue()) : argument.getValue() instanceof Number,
                    "%s.%s must be %s, got %s",
                    KEY,
                    name,
                    isCurve ? "linear, cosine or 1-sqrt" : "a number",
                    argument.getValue());
        }
        check(
                type != Type.COSINE_WITH_MIN_LR || kwargs.containsKey("min_lr") != kwargs.containsKey("min_lr_rate"),
                "lr_scheduler_type cosine_with_min_lr needs either %s.min_lr or %s.min_lr_rate",
                KEY,
                KEY);
        check(
                type != Type.WARMUP_STABLE_DECAY || kwargs.containsKey("num_decay_steps"),
                "lr_scheduler_type warmup_stable_decay needs %s.num_decay_steps",
                KEY);
        double end = number(kwargs, "lr_end", 0);
        check(end < peak, "%s.lr_end must be smaller than training.learning_rate, %s, got %s", KEY, peak, end);
    }

    /** A schedule of a type that needs no further arguments, with a peak of 1. */
    public Schedule(Type type, int warmupSteps, int totalSteps) {
        this(type, warmupSteps, totalSteps, 1, Map.of());
    }

    /** The factor of the update that follows {@code finished} finished ones. */
    public double factor(int finished) {
        if (type == Type.CONSTANT) {
            return 1;
        }
        if (type == Type.WARMUP_STABLE_DECAY) {
            return stableDecay(finished);
        }
        if (finished < warmupSteps) {
            return (double) finished / Math.max(1, warmupSteps);
        }
        int steps = Math.max(1, totalSteps - warmupSteps);
        double progress = (double) (finished - warmupSteps) / steps;
        return switch (type) {
            case LINEAR -> Math.max(0, (double) (totalSteps - finished) / steps);
            case COSINE -> Math.max(0, cosine(0.5, progress));
            case COSINE_WITH_RESTARTS -> progress >= 1
                    ? 0
                    : Math.max(0, cosine(0.5, number("num_cycles", 1) * progress % 1));
            case COSINE_WITH_MIN_LR -> {
                double least = number("min_lr_rate", number("min_lr", 0) / peak);
                yield Math.max(0, cosine(number("num_cycles", 0.5), progress) * (1 - least) + least);
            }
            case POLYNOMIAL -> polynomial(finished, 1 - progress);
            case INVERSE_SQRT -> {
                double scale = number("timescale", warmupSteps > 0 ? warmupSteps : 10_000);
                yield 1 / Math.sqrt((finished + scale - warmupSteps) / scale);
            }
            case CONSTANT, CONSTANT_WITH_WARMUP, WARMUP_STABLE_DECAY -> 1;
        };
    }

    private double polynomial(int finished, double remaining) {
        double end = number("lr_end", 1e-7);
        if (finished > totalSteps) {
            return end / peak;
        }
        return ((peak - end) * Math.pow(remaining, number("power", 1)) + end) / peak;
    }

    private double stableDecay(int finished) {
        double least = number("min_lr_ratio", 0);
        double decaySteps = number("num_decay_steps", 0);
        double stableSteps = number("num_stable_steps", totalSteps - warmupSteps - decaySteps);
        double decayStart = warmupSteps + stableSteps;
        if (finished < warmupSteps) {
            double progress = (double) finished / Math.max(1, warmupSteps);
            double factor =
                    switch ((String) kwargs.getOrDefault("warmup_type", "linear")) {
                        case "linear" -> progress;
                        case "cosine" -> 0.5 * (1 - Math.cos(Math.PI * progress));
                        default -> 1 - Math.sqrt(1 - progress);
                    };
            return Math.max(0, factor * (1 - least) + least);
        }
        if (finished < decayStart) {
            return 1;
        }
        if (finished >= decayStart + decaySteps) {
            return least;
        }
        double progress = (finished - decayStart) / Math.max(1, decaySteps);
        double factor =
                switch ((String) kwargs.getOrDefault("decay_type", "cosine")) {
                    case "linear" -> 1 - progress;
                    case "cosine" -> cosine(number("num_cycles", 0.5), progress);
                    default -> 1 - Math.sqrt(progress);
                };
        return Math.max(0, factor * (1 - least) + least);
    }

    private static double cosine(double cycles, double progress) {
        return 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress));
    }

    private double number(String name, double otherwise) {
        return number(kwargs, name, otherwise);
    }

    private static double number(Map<String, Object> kwargs, String name, double otherwise) {
        return kwargs.containsKey(name) ? ((Number) kwargs.get(name)).doubleValue() : otherwise;
    }
}
