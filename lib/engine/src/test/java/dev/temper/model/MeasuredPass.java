package dev.temper.model;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A process of its own that prints how many bytes one pass over a micro-batch needs at most beside what was there
 * before, as Linux counts them, and how many are planned.
 */
final class MeasuredPass {
    private static final int LONGEST = 256;

    private MeasuredPass() {}

    /**
     * {@code FOLDER full|full16|lora|dora|qlora checkpointing|recording TOKENS DROPOUT}, on a model of that folder;
     * with {@code full16} what is trained has 16 bits.
     */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        String kind = args[1];
        boolean checkpoints = args[2].equals("checkpointing");
        int tokens = Integer.parseInt(args[3]);
        Architecture architecture = Architecture.read(Folder.local(folder));
        LoraConfig lora = lora(kind, Double.parseDouble(args[4]));
        try (Workspace workspace = Workspace.open(1)) {
            Network network = kind.startsWith("full")
                    ? Replica.of(workspace, folder, FloatType.FLOAT32, type(kind))
                            .network()
                    : adapted(workspace, folder, architecture, lora, kind.equals("qlora"));
            Backpropagation backpropagation =
                    checkpoints ? Backpropagation.checkpointing(network) : Backpropagation.recording(network);
            Consumer<Integer> pass = count -> backpropagation.accumulate(LabelledStream.of(rows(count)), 1e-3);
            pass.accept(LONGEST); // code, thread pools, scratch memory of the products
            long before = bytes("VmRSS");
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            pass.accept(tokens);
            TrainedWeights trained =
                    kind.startsWith("full") ? TrainedWeights.all() : LoraAdapter.trained(lora, architecture);
            Activations.Pass planned =
                    new Activations.Pass(architecture, trained, new TokenCounts(tokens, LONGEST), Float.BYTES);
            Activations activations = checkpoints ? Activations.checkpointing(planned) : Activations.recording(planned);
            long dense = checkpoints ? 0 : restored(folder, architecture, trained, type(kind)); // shared: there before
            System.out.println(bytes("VmHWM") - before + " " + (activations.peak() + dense) + " " + activations);
        }
    }

    private static FloatType type(String kind) {
        return kind.equals("full16") ? FloatType.BFLOAT16 : FloatType.FLOAT32;
    }

    private static long restored(Path folder, Architecture architecture, TrainedWeights trained, FloatType type)
            throws Exception {
        return new WeightPlacement(
                        architecture,
                        StoredTensor.described(Folder.local(folder), architecture),
                        Optional.empty(),
                        trained,
                        new WeightPlacement.Types(FloatType.FLOAT32, type))
                .restoredBytes();
    }

    private static LoraConfig lora(String kind, double dropout) {
        LoraConfig plain = LoraConfig.of(8, 16, dropout, List.of(LoraConfig.ALL_LINEAR));
        return !kind.equals("dora")
                ? plain
                : new LoraConfig(
                        "lora",
                        8,
                        16,
                        dropout,
                        plain.targetModules(),
                        List.of(),
                        List.of(),
                        plain.rankPattern(),
                        plain.alphaPattern(),
                        false,
                        true,
                        List.of(),
                        true,
                        List.of(),
                        Optional.empty());
    }

    private static Network adapted(
            Workspace workspace, Path folder, Architecture architecture, LoraConfig lora, boolean isQuantized)
            throws Exception {
        Optional<Quantization> quantization = isQuantized ? Optional.of(Quantization.nf4()) : Optional.empty();
        StoredModel stored = new StoredModel(architecture, TensorFiles.open(folder, "model"), NewHead.none())
                .quantized(quantization);
        Network network = stored.load(workspace);
        LoraAdapter.create(lora, network, new TrainedParameters(workspace, LoraAdapter.specs(lora, architecture)), 1);
        return network;
    }

    private static List<Row> rows(int tokens) {
        List<Row> rows = new ArrayList<>();
        for (int left = tokens; left > 0; left -= LONGEST) {
            int[] ids = new int[Math.min(left, LONGEST)];
            boolean[] trained = new boolean[ids.length];
            Arrays.setAll(ids, i -> i % TinyModel.VOCABULARY);
            Arrays.fill(trained, 1, trained.length, true);
            rows.add(new Row(ids, trained, left));
        }
        return rows;
    }

    private static long bytes(String field) throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(field + ":")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalStateException("/proc/self/status has no " + field);
    }
}
