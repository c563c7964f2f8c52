package dev.temper.adapter;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import java.util.ArrayList;
import java.util.List;

/**
 * A projection with its low-rank update.
 *
 * @param scale what the update is multiplied by
 * @param hasMagnitude its outputs have a trained magnitude, as in DoRA
 */
record LoraTarget(Parameter parameter, int rank, double scale, boolean hasMagnitude) {
    /** What is trained; decayed, as in PEFT with Trainer. */
    List<Spec> specs() {
        int layer = parameter.layer();
        List<Spec> specs = new ArrayList<>();
        specs.add(new Spec(down(), new Shape(rank, parameter.inputs()), layer, true));
        specs.add(new Spec(up(), new Shape(parameter.outputs(), rank), layer, true));
        if (hasMagnitude) {
            specs.add(new Spec(magnitude(), new Shape(parameter.outputs()), layer, true));
        }
        return specs;
    }

    String down() {
        return LoraTargets.PREFIX + parameter.module() + ".lora_A.weight";
    }

    String up() {
        return LoraTargets.PREFIX + parameter.module() + ".lora_B.weight";
    }

    String magnitude() {
        return LoraTargets.PREFIX + parameter.module() + ".lora_magnitude_vector";
    }
}
