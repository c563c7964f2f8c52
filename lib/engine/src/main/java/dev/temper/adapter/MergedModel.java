package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelFolder;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.StoredValues;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A base with an adapter merged into it, written as transformers writes a model. One tensor is in memory at a time; it
 * is merged in float32 and rounded once, to the type that the base has it in.
 */
public final class MergedModel implements AutoCloseable {
    private static final float LARGEST_HALF = 65504;

    private final Workspace workspace;
    private final StoredModel base;
    private final StoredValues values;
    private final LoraAdapter adapter;
    private Optional<NDArray> written = Optional.empty();

    private MergedModel(Workspace workspace, StoredModel base, StoredValues values, LoraAdapter adapter) {
        this.workspace = workspace;
        this.base = base;
        this.values = values;
        this.adapter = adapter;
    }

    /**
     * Reads the adapter, and of the base the headers.
     *
     * @param existing the adapter's folder, ours or PEFT's
     * @throws dev.temper.check.InvalidInputException when it is damaged or not supported, or belongs to another base
     */
    public static MergedModel open(Workspace workspace, StoredModel base, Folder existing) throws IOException {
        PeftConfig config = AdapterFile.read(existing, base.architecture().task());
        LoraTargets targets = LoraTargets.toMerge(config, base.architecture());
        LoraAdapter.checkSaved(base.newHead(), targets.specs());
        LoraAdapter adapter = LoraAdapter.beside(config, targets, existing, workspace);
        adapter.checkMergeable();
        StoredModel merged = base.as(targets.architecture());
        return new MergedModel(workspace, merged, StoredValues.open(workspace, merged), adapter);
    }

    /** Whether the base was saved in 4 bits; the merged model has 16. */
    public boolean isBaseQuantized() {
        return values.isQuantized();
    }

    /**
     * Writes weights, config and the base's generation and tokenizer files.
     *
     * @param shardBytes bytes of tensors in one file at most
     * @throws dev.temper.check.InvalidInputException naming a tensor that its type cannot hold
     */
    public void save(Folder target, Folder baseFolder, long shardBytes) throws IOException {
        List<Parameter> parameters = base.architecture().parameters();
        List<TensorWriter.Tensor> tensors = parameters.stream()
                .map(parameter -> new TensorWriter.Tensor(
                        parameter.savedName(),
                        values.type(parameter).dtype(),
                        parameter.shape().getShape(),
                        () -> bytes(parameter)))
                .toList();
        try {
            TensorWriter.write(target, "model", tensors, shardBytes);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        ModelFolder.describe(target, baseFolder, base.architecture(), values.type(parameters.get(0)));
    }

    private ByteBuffer bytes(Parameter parameter) {
        written.ifPresent(NDArray::close);
        written = Optional.empty();
        try {
            Optional<ByteBuffer> unchanged = adapter.changes(parameter) ? Optional.empty() : values.bytes(parameter);
            if (unchanged.isPresent()) {
                return unchanged.get();
            }
            NDArray merged = Workspace.scoped(() -> Workspace.keep(merged(parameter)));
            written = Optional.of(merged);
            return Workspace.memory(merged);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private NDArray merged(Parameter parameter) throws IOException {
        Optional<NDArray> whole = adapter.whole(parameter);
        NDArray sum = adapter.merged(parameter, whole.isPresent() ? whole.get() : values.values(parameter));
        FloatType type = values.type(parameter);
        if (type == FloatType.FLOAT16) {
            checkRange(parameter, sum);
        }
        NDArray rounded = workspace.empty(parameter.shape(), type);
        workspace.tensors().copy(sum, rounded);
        return rounded;
    }

    private static void checkRange(Parameter parameter, NDArray sum) {
        float largest = Math.max(sum.max().getFloat(), -sum.min().getFloat());
        check(
                !(largest > LARGEST_HALF) || Float.isInfinite(largest),
                "the tensor %s becomes as large as %s, which float16 cannot hold: save the base in bfloat16 or float32",
                parameter.name(),
                largest);
    }

    @Override
    public void close() {
        values.close();
    }
}
