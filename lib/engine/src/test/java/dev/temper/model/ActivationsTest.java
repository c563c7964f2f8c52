package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Activations by hand, and as a process has them. */
final class ActivationsTest {
    private static final TokenCounts TOKENS = new TokenCounts(100, 25);

    @TempDir
    private Path folder;

    /** Width 15, feed-forward 28, three heads, two layers. */
    @Test
    void aLayerOfGpt2RecordsWhatItsGradientNeeds() throws Exception {
        Tape.Bytes layer = Tape.of(pass(TinyModel.GPT2, TrainedWeights.all(), 4), 1, true);

        long perToken = 15 // the first norm's result, for c_attn; its input is stored anyway
                + 45 // queries, keys and values
                + 15 // what attention gives, in parts
                + 3 // and the logarithms of its sums
                + 15 // the same in one piece, for c_proj
                + 15 // the sum with the layer's input, for the second norm
                + 15 // that norm's result, for c_fc
                + 28 // for GELU
                + 28; // for the last product
        assertThat(layer.recorded()).isEqualTo(4 * 100 * perToken);
    }

    @Test
    void aFrozenLayerWithAnAdapterRecordsWhatTheAdapterSees() throws Exception {
        Architecture architecture = architecture(TinyModel.GPT2);
        LoraConfig lora = LoraConfig.of(2, 4, 0.1, List.of("c_attn"));

        Tape.Bytes layer = Tape.of(pass(TinyModel.GPT2, LoraAdapter.trained(lora, architecture), 4), 1, true);

        long perToken = 15
                + 2 // the adapter's input with dropout, and what its first matrix gives
                + 45
                + 15
                + 3 // attention
                + 15 // for the second norm
                + 28; // for GELU
        assertThat(layer.recorded()).isEqualTo(4 * 100 * perToken + 15 * 100); // and the mask, a byte for each
    }

    @Test
    void halfTheBytesInBfloat16ButForNorms() throws Exception {
        long wide =
                Tape.of(pass(TinyModel.GPT2, TrainedWeights.all(), 4), 1, true).recorded();
        long narrow =
                Tape.of(pass(TinyModel.GPT2, TrainedWeights.all(), 2), 1, true).recorded();

        long sums = 4 * 100 * 3; // of attention: float32
        long norms = 4 * 100 * 2 * 15; // inputs as float32; the second one's own is not recorded beside it
        assertThat(narrow).isEqualTo((wide - sums - 4 * 100 * 15) / 2 + sums + norms);
    }

    @ParameterizedTest
    @EnumSource
    void checkpointingNeedsLess(TinyModel model) throws Exception {
        Activations.Pass pass = pass(model, TrainedWeights.all(), 4);

        Activations once = Activations.checkpointing(pass);
        Activations all = Activations.recording(pass);

        assertThat(once.peak()).isLessThan(all.peak());
        assertThat(once.recorded()).isZero();
        assertThat(all.recorded()).isPositive();
        assertThat(all.inputs()).isEqualTo(once.inputs());
    }

    @ParameterizedTest
    @EnumSource
    void everyClassifierSaysItsSteps(TinyClassifier model) throws Exception {
        model.write(folder);
        Architecture architecture = Architecture.read(Folder.local(folder));

        Activations activations =
                Activations.recording(new Activations.Pass(architecture, TrainedWeights.all(), TOKENS, 4));

        assertThat(activations.loss()).isZero();
        assertThat(activations.recorded()).isGreaterThan(activations.inputs());
    }

    /** 256 positions of 32,000 tokens take 31 MiB, of 50,000 tokens 49 MiB. */
    @ParameterizedTest
    @CsvSource({"32000, true", "50000, false"})
    void logitsThatTheCLibraryKeepsCount(int vocabulary, boolean areKept) throws Exception {
        Files.writeString(
                folder.resolve("config.json"),
                """
                {"model_type": "llama", "vocab_size": %d, "hidden_size": 16, "num_hidden_layers": 2,
                 "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 512}
                """
                        .formatted(vocabulary));
        Architecture architecture = Architecture.read(Folder.local(folder));
        TokenCounts tokens = new TokenCounts(512, 64);

        Activations activations =
                Activations.checkpointing(new Activations.Pass(architecture, TrainedWeights.all(), tokens, 4));

        assertThat(activations.loss()).isGreaterThan(10 * activations.layer());
        long fragments = areKept ? activations.loss() : activations.layer();
        assertThat(activations.fragments()).isEqualTo(fragments + fragments * 3 / 4);
    }

    /** glibc hands every array back at once here, so that what is resident is what is alive. */
    @EnabledOnOs(OS.LINUX)
    @ParameterizedTest
    @CsvSource({
        "full, checkpointing, 3072, 0, false",
        "full, recording, 3072, 0, true",
        "full16, recording, 512, 0, false",
        "lora, recording, 3072, 0.1, false",
        "lora, checkpointing, 3072, 0, true",
        "qlora, checkpointing, 3072, 0, false"
    })
    void isWhatAProcessNeeds(String kind, String mode, String tokens, String dropout, boolean isFused)
            throws Exception {
        String config =
                """
                {"model_type": "%s", "vocab_size": 1000, "hidden_size": 192, "num_hidden_layers": 3,
                 "num_attention_heads": 6, "num_key_value_heads": 3, "intermediate_size": 704,
                 "max_position_embeddings": 512, "pad_token_id": null}
                """
                        .formatted(isFused ? "phi3" : "llama");
        TinyModel.weights(folder, config).write(folder.resolve("model.safetensors"));
        Path out = folder.resolve("out");
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                MeasuredPass.class.getName(),
                folder.toString(),
                kind,
                mode,
                tokens,
                dropout);
        builder.environment().put("MALLOC_MMAP_THRESHOLD_", "65536");
        Process process = builder.redirectOutput(out.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();

        assertThat(process.waitFor())
                .as(Files.readString(folder.resolve("err")))
                .isZero();
        String[] bytes = Files.readString(out).split(" ");
        double measured = Long.parseLong(bytes[0]);
        assertThat(Long.parseLong(bytes[1]) / measured)
                .as(Files.readString(out))
                .isCloseTo(1, within(0.1));
    }

    private Activations.Pass pass(TinyModel model, TrainedWeights trained, int elementBytes) throws Exception {
        return new Activations.Pass(architecture(model), trained, TOKENS, elementBytes);
    }

    private Architecture architecture(TinyModel model) throws Exception {
        model.write(folder);
        return Architecture.read(Folder.local(folder));
    }
}
