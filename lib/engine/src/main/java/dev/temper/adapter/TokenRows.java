package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rows of an embedding or an output head that are trained while the others are frozen; PEFT's trainable tokens.
 *
 * @param ids (K), in the order of the saved rows
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/trainable_tokens/layer.py">reference</a>
 */
record TokenRows(Parameter table, List<Integer> ids) {
    private static final String KEY = "trainable_token_indices";
    /** What rows of the output head are called in an adapter. */
    static final String OF_HEAD = LoraTargets.PREFIX + "lm_head.token_adapter.trainable_tokens_delta";

    /** The table inside PEFT's wrapper of one with trained rows. */
    static final String BASE = "token_adapter.base_layer";

    /**
     * @param choice with ids alone
     * @param saved what is trained whole beside them
     * @throws dev.temper.check.InvalidInputException when there is no such module or row, or it is trained otherwise
     */
    static List<TokenRows> of(Object choice, Architecture architecture, List<Parameter> saved) {
        List<TokenRows> rows = new ArrayList<>();
        if (TokenChoice.isNone(choice)) {
            return rows;
        }
        Map<?, ?> modules = choice instanceof Map<?, ?> map
                ? map
                : Map.of(architecture.tokenEmbedding().module(), choice);
        for (Map.Entry<?, ?> entry : modules.entrySet()) {
            String module = (String) entry.getKey();
            List<Integer> ids = ids(entry.getValue(), module, architecture);
            Optional<Parameter> table = find(module, architecture);
            if (table.isEmpty()) {
                checkTied(modules, module, architecture);
                continue; // the rows of the embedding are those of the head
            }
            check(
                    !saved.contains(table.get()),
                    "adapter.%s: %s is trained whole by adapter.modules_to_save; leave it out of one of them",
                    KEY,
                    module);
            rows.add(new TokenRows(table.get(), ids));
        }
        return List.copyOf(rows);
    }

    private static List<Integer> ids(Object list, String module, Architecture architecture) {
        List<Integer> ids = new ArrayList<>();
        int tokens = architecture.sizes().vocabulary();
        for (Object item : (List<?>) list) {
            int id = (Integer) item;
            check(
                    id >= 0 && id < tokens,
                    "adapter.%s: %s has no row %d, but rows 0 to %d",
                    KEY,
                    module,
                    id,
                    tokens - 1);
            ids.add(id);
        }
        check(
                !ids.isEmpty() && new HashSet<>(ids).size() == ids.size(),
                "adapter.%s: the tokens of %s must be named, and each once, got %s",
                KEY,
                module,
                ids);
        return List.copyOf(ids);
    }

    private static Optional<Parameter> find(String module, Architecture architecture) {
        return architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .filter(table -> isNamed(table.module(), module))
                .findFirst();
    }

    private static boolean isNamed(String module, String end) {
        return module.equals(end) || module.endsWith("." + end);
    }

    private static void checkTied(Map<?, ?> modules, String module, Architecture architecture) {
        boolean isHead = architecture.isTied() && isNamed("lm_head", module);
        check(
                isHead,
                "adapter.%s: %s is no embedding and no output head of a %s model: name %s",
                KEY,
                module,
                architecture.modelType(),
                architecture.parameters().stream()
                        .filter(architecture::hasRowPerToken)
                        .map(Parameter::module)
                        .toList());
        boolean areSame = modules.entrySet().stream()
                .filter(other -> find((String) other.getKey(), architecture).isPresent())
                .anyMatch(embedding -> embedding.getValue().equals(modules.get(module)));
        check(
                areSame,
                "adapter.%s: %s: the embedding and the output head of this model are one: name the same tokens for"
                        + " both, or the embedding alone",
                KEY,
                module);
    }

    /**
     * @throws dev.temper.check.InvalidInputException when the table has a low-rank update, too: PEFT computes neither
     */
    void checkAlone(List<LoraTarget> updated, Architecture architecture) {
        boolean isUpdated = updated.stream()
                .anyMatch(target -> target.parameter().module().equals(table.module())
                        || (architecture.isTied() && target.isVocabularyHead()));
        check(
                !isUpdated,
                "adapter.%s: %s has a low-rank update, too, which PEFT cannot compute: leave it out of one of them",
                KEY,
                table.module());
    }

    /** What the rows are called in an adapter. */
    String name() {
        return LoraTargets.PREFIX + table.module() + ".token_adapter.trainable_tokens_delta";
    }

    /** Decayed, as in PEFT with Trainer. */
    Spec spec() {
        return new Spec(name(), new Shape(ids.size(), table.shape().get(1)), Parameter.SHARED, true);
    }

    int[] indices() {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
