package dev.temper.adapter;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import java.util.ArrayList;
import java.util.List;

/**
 * A projection, an embedding or an output head with its low-rank update.
 *
 * @param scale what the update is multiplied by
 * @param hasMagnitude its outputs have a trained magnitude, as in DoRA
 * @param hasBias the update has a bias of its own
 */
record LoraTarget(Parameter parameter, int rank, double scale, boolean hasMagnitude, boolean hasBias) {
    /** What is trained; decayed, as in PEFT with Trainer, but for a bias. */
    List<Spec> specs() {
        int layer = parameter.layer();
        List<Spec> specs = new ArrayList<>();
        specs.add(new Spec(down(), new Shape(rank, inputs()), layer, true));
        specs.add(new Spec(up(), new Shape(outputs(), rank), layer, true));
        if (hasMagnitude) {
            specs.add(new Spec(magnitude(), new Shape(outputs()), layer, true));
        }
        if (hasBias) {
            specs.add(new Spec(bias(), new Shape(outputs()), layer, false));
        }
        return specs;
    }

    /** Its rows are looked up: a matrix stored (I, O) that is multiplied by ones and zeros. */
    boolean isEmbedding() {
        return parameter.kind() == Parameter.Kind.EMBEDDING;
    }

    /** True where the base's matrix is stored (I, O). */
    boolean isTransposed() {
        return parameter.isTransposed() || isEmbedding();
    }

    private long inputs() {
        return isEmbedding() ? parameter.shape().get(0) : parameter.inputs();
    }

    private long outputs() {
        return isEmbedding() ? parameter.shape().get(1) : parameter.outputs();
    }

    /** What stands in a dictionary before the names of its arrays; the map to the vocabulary may be the embedding. */
    String key() {
        return isVocabularyHead() ? Network.HEAD_UPDATE : parameter.key() + ".";
    }

    /** True for the map to the vocabulary, tied to the embedding or not. */
    boolean isVocabularyHead() {
        return parameter.kind() == Parameter.Kind.HEAD && parameter.module().equals("lm_head");
    }

    String down() {
        return name(isEmbedding() ? "lora_embedding_A" : "lora_A.weight");
    }

    String up() {
        return name(isEmbedding() ? "lora_embedding_B" : "lora_B.weight");
    }

    String magnitude() {
        return name("lora_magnitude_vector");
    }

    String bias() {
        return name("lora_B.bias");
    }

    private String name(String part) {
        return LoraTargets.PREFIX + parameter.module() + "." + part;
    }
}
