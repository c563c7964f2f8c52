package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.check.Printable;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelWeights;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** The tensors of an adapter folder, ours or PEFT's, against what its config means. */
final class AdapterTensors {
    private static final System.Logger LOG = System.getLogger(AdapterTensors.class.getName());

    private final TensorFiles files;
    private final Workspace workspace;
    private final LoraTargets targets;
    private final String location;
    private final List<Parameter> absent = new ArrayList<>();

    private AdapterTensors(TensorFiles files, Workspace workspace, LoraTargets targets, String location) {
        this.files = files;
        this.workspace = workspace;
        this.targets = targets;
        this.location = location;
    }

    static AdapterTensors open(Folder folder, Workspace workspace, LoraTargets targets) throws IOException {
        TensorFiles files =
                TensorFiles.open(folder.store().localPath(folder.location()).orElseThrow(), LoraAdapter.NAME);
        return new AdapterTensors(files, workspace, targets, folder.location());
    }

    /**
     * Reads what is trained.
     *
     * @throws dev.temper.check.InvalidInputException when a tensor is missing, or of another base's shape
     */
    void read(TrainedParameters parameters) throws IOException {
        verify(files.index(), targets, location);
        TreeSet<String> others = new TreeSet<>(files.index().names());
        absent.addAll(absent(files.index(), targets));
        List<String> absentNames = absent.stream().map(targets::tensor).toList();
        for (TrainedParameters.Spec spec : parameters.specs()) {
            others.remove(spec.name());
            if (!absentNames.contains(spec.name())) {
                Workspace.scoped(() -> {
                    NDArray values = ModelWeights.read(workspace, files, spec.name());
                    workspace.tensors().copy(values, parameters.weight(spec.name()));
                    return null;
                });
            }
        }
        verifyTied();
        others.removeAll(targets.replaced().values());
        report(others);
    }

    /**
     * Compares what an adapter holds with what it has to bring, by the headers alone.
     *
     * @throws dev.temper.check.InvalidInputException when a tensor is missing, or of another base's shape
     */
    static void verify(TensorIndex index, LoraTargets targets, String location) {
        List<String> absent =
                absent(index, targets).stream().map(targets::tensor).toList();
        for (TrainedParameters.Spec spec : targets.specs()) {
            if (!absent.contains(spec.name())) {
                verify(index, targets, location, spec.name(), spec.shape());
            }
        }
        targets.replaced().forEach((parameter, name) -> verify(index, targets, location, name, parameter.shape()));
    }

    private static List<Parameter> absent(TensorIndex index, LoraTargets targets) {
        return targets.saved().stream()
                .filter(saved -> saved.name().endsWith(".bias")) // of bias: lora_only PEFT 0.18 writes none
                .filter(saved -> index.find(targets.tensor(saved)).isEmpty())
                .toList();
    }

    /**
     * PEFT writes the rows of a tied head a second time when the vocabulary was resized; its versions before 0.21 may
     * have trained them apart.
     */
    private void verifyTied() throws IOException {
        boolean isTied = targets.architecture().isTied() && !targets.rows().isEmpty();
        if (isTied && files.index().find(TokenRows.OF_HEAD).isPresent()) {
            String rows = targets.rows().get(0).name();
            check(
                    files.index().find(rows).isPresent() && files.bytes(rows).equals(files.bytes(TokenRows.OF_HEAD)),
                    "%s: trainable_token_indices: rows of the embedding and of the output head were trained apart, and"
                            + " in this base both are one matrix: untie the base, and save it with the adapter merged",
                    location);
        }
    }

    private static void verify(TensorIndex index, LoraTargets targets, String location, String name, Shape expected) {
        TensorInfo tensor = index.find(name).orElse(null);
        check(tensor != null, "%s: the tensor %s is missing from the adapter", location, name);
        boolean isHead = targets.architecture()
                .classifier()
                .filter(classifier -> targets.saved().stream()
                        .anyMatch(saved -> targets.tensor(saved).equals(name) && classifier.owns(saved)))
                .isPresent();
        check(
                !isHead || tensor.shape()[0] == expected.get(0),
                "%s: the adapter's head has %d classes in %s, the model has %d: name the adapter's, in their order",
                location,
                tensor.shape()[0],
                name,
                expected.get(0));
        check(
                expected.equals(new Shape(tensor.shape())),
                "%s: %s has the shape %s, but this base model needs %s: the adapter belongs to another base",
                location,
                name,
                Arrays.toString(tensor.shape()),
                expected);
        ModelWeights.checkType(tensor, location);
    }

    /** Says what the base has no place for, which PEFT leaves out without a word: layers or modules that it lacks. */
    private void report(SortedSet<String> others) {
        others.removeIf(this::isKnown);
        if (!others.isEmpty()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: {1} of the adapter''s tensors have no place in this base and are left out, such as {2}",
                    Printable.line(location),
                    others.size(),
                    Printable.line(others.first()));
        }
    }

    /** Another copy of a parameter of the base, or what only training needs. */
    private boolean isKnown(String name) {
        String bare = name.substring(Math.min(name.length(), LoraTargets.PREFIX.length()));
        for (String wrapper : List.of(TokenRows.BASE, LoraTargets.BASE, "original_module", "modules_to_save")) {
            bare = bare.replace("." + wrapper + ".", ".");
        }
        String parameter = bare;
        return name.equals(TokenRows.OF_HEAD)
                || name.contains(".lora_velora_")
                || name.contains(".lora_monteclora_")
                || parameter.equals("lm_head.weight")
                || targets.architecture().parameters().stream()
                        .anyMatch(known -> known.name().equals(parameter));
    }

    /** Biases that are trained and that the adapter does not bring: they start as the base's. */
    List<Parameter> absent() {
        return absent;
    }

    /** What the adapter brings for a frozen parameter, float32. */
    NDArray replaced(Parameter parameter) {
        try {
            return ModelWeights.read(workspace, files, targets.replaced().get(parameter));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What belongs to the adapter and is not trained, as it stands in its file. */
    List<TensorWriter.Tensor> frozen() {
        return targets.replaced().values().stream()
                .distinct()
                .map(name -> files.index().find(name).orElseThrow())
                .map(tensor -> new TensorWriter.Tensor(tensor.name(), tensor.dtype(), tensor.shape(), () -> {
                    try {
                        return files.bytes(tensor.name());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .toList();
    }
}
