package dev.temper.model;

import dev.temper.kernel.FloatType;
import dev.temper.quant.Quantization;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the files of a model hold of a parameter.
 *
 * @param type of the elements of a tensor of numbers; float32 of any other
 */
public record StoredTensor(Form form, FloatType type) {
    /** How much of it, and as what. */
    public enum Form {
        /** All of it, as numbers. */
        DENSE,
        /** As {@link #DENSE}, at a place of the file that no array can begin at: its writer did not align it. */
        UNALIGNED,
        /** All of it, as codes of NF4 with their scales. */
        CODES,
        /** Its first rows, as numbers; the others are added when the model is loaded. */
        FIRST_ROWS,
        /** Nothing: its values are computed when the model is loaded, or come from an adapter. */
        NOTHING
    }

    static final StoredTensor CODES = new StoredTensor(Form.CODES, FloatType.FLOAT32);
    static final StoredTensor NOTHING = new StoredTensor(Form.NOTHING, FloatType.FLOAT32);

    /**
     * Of a tensor of numbers.
     *
     * @param source the parameter that the tensor was saved for
     */
    static StoredTensor dense(Parameter parameter, Parameter source, FloatType type) {
        if (parameter.shape().get(0) > source.shape().get(0)) {
            return new StoredTensor(Form.FIRST_ROWS, type);
        }
        return parameter.shape().equals(source.shape()) ? new StoredTensor(Form.DENSE, type) : NOTHING;
    }

    /**
     * As config.json alone describes the files: without a look at their headers, which may show another type of a
     * tensor.
     *
     * @param saved the architecture of the files
     */
    public static Function<Parameter, StoredTensor> described(Folder folder, Architecture saved) throws IOException {
        FloatType type = ModelWeights.type(folder);
        Optional<Quantization> codes = ModelWeights.quantization(folder);
        return parameter -> codes.isPresent() && WeightPlacement.isCovered(codes.get(), parameter)
                ? CODES
                : dense(parameter, saved.source(parameter), type);
    }
}
