package dev.temper.run.draft;

import dev.temper.plan.GivenMemory;
import java.util.List;

/**
 * What is trained, by the size of the model.
 *
 * @param why for people
 */
record SizeChoice(Kind kind, String why) {
    private static final double BILLION = 1e9;
    private static final double SMALL = 0.5 * BILLION;
    private static final double LARGE = 2 * BILLION;

    /** From the most memory to the least. */
    enum Kind {
        FULL,
        LORA,
        QLORA;

        /** What takes less memory, itself included. */
        List<Kind> orLighter() {
            List<Kind> all = List.of(values());
            return all.subList(all.indexOf(this), all.size());
        }
    }

    /** @param isSavedInCodes the base's weights are in 4 bits, which cannot be trained themselves */
    static Kind of(long parameters, boolean isSavedInCodes) {
        if (isSavedInCodes) {
            return Kind.LORA;
        }
        return parameters < SMALL ? Kind.FULL : parameters < LARGE ? Kind.LORA : Kind.QLORA;
    }

    /** @param first what was chosen before memory was looked at */
    static SizeChoice of(Kind kind, Kind first, long parameters, GivenMemory memory) {
        String size = parameters < 1e6
                ? "%.2f million parameters".formatted(parameters / 1e6)
                : parameters < BILLION
                        ? "%.0f million parameters".formatted(parameters / 1e6)
                        : "%.1f billion parameters".formatted(parameters / BILLION);
        String why =
                switch (kind) {
                    case FULL -> size + ": all of them are trained, and the output is a whole model";
                    case LORA -> size + ": an adapter beside them is trained, which needs a fraction of the memory";
                    case QLORA -> size + ": an adapter is trained beside a base that is kept in 4 bits a weight";
                };
        return new SizeChoice(kind, why + (kind == first ? "" : ", as more does not fit " + memory.text()));
    }

    boolean hasAdapter() {
        return kind != Kind.FULL;
    }
}
