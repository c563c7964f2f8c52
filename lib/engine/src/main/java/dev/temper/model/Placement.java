package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import java.util.Optional;

/**
 * Where a worker has a parameter, and in which type.
 *
 * @param type of its elements; of codes the one that they become dense in
 */
public record Placement(Place place, FloatType type) {
    /** A kind of memory. */
    public enum Place {
        /** Frozen: codes of NF4 with their scales, on the pages of a file. */
        CODES,
        /** Frozen, on the pages of the base's file: the system's to drop, and shared by the workers of a machine. */
        MAPPED,
        /** Frozen, in memory of its own. */
        HELD,
        /** In the block of all that is trained. */
        TRAINED
    }

    /** In memory of its own, in a type that nothing has to be converted from: norms and biases are float32. */
    static Placement held(Parameter parameter, FloatType computed) {
        return new Placement(Place.HELD, usable(parameter, computed));
    }

    static Placement trained(FloatType type) {
        return new Placement(Place.TRAINED, type);
    }

    /** The type that programs take a parameter in as it is. */
    static FloatType usable(Parameter parameter, FloatType computed) {
        return parameter.shape().dimension() > 1 ? computed : FloatType.FLOAT32;
    }

    /**
     * Of a frozen table, once some of its rows are trained: pages of a file that are written to become the process's
     * own. A table in another type than is computed in is copied: what is trained is not to be rounded.
     */
    Placement withTrainedRows(FloatType computed) {
        return place == Place.MAPPED && type == computed ? this : new Placement(Place.HELD, computed);
    }

    /**
     * Shape of the matrix in the type that is computed in that a projection becomes for each of its products; empty
     * where products take it as it is.
     */
    Optional<Shape> restored(Parameter parameter, FloatType computed) {
        boolean isTaken = !parameter.isProjection() || (place != Place.CODES && type == computed);
        if (isTaken) {
            return Optional.empty();
        }
        Shape asProduct = new Shape(parameter.outputs(), parameter.inputs());
        return Optional.of(place == Place.CODES ? asProduct : parameter.shape()); // only codes are turned beforehand
    }
}
